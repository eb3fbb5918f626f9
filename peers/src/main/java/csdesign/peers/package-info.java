// SPDX-License-Identifier: MIT

/// Other people's servers, and a reference in C, for the bench to measure beside the designs.
package csdesign.peers;
