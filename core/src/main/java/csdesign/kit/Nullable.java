// SPDX-License-Identifier: MIT
package csdesign.kit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// This type admits null. Every other one of ours does not, and the build checks it.
///
/// Our own, because `core` has no dependency: its files run with nothing but a JDK.
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE_USE)
public @interface Nullable {}
