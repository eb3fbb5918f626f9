// SPDX-License-Identifier: MIT
/// What the contracts need: servers as a user starts them, clients that believe nothing,
/// and the honest differences between designs.
package csdesign.harness;
