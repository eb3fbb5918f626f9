// SPDX-License-Identifier: MIT
package csdesign.lab;

/// One of the ways that a lab compares.
///
/// @param <T> what it is that can be done in several ways: to wait, to send, to write
/// @param name what the lab's tables call this way
/// @param action what is done in this way
record Way<T>(String name, T action) {}
