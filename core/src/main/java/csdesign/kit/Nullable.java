// SPDX-License-Identifier: MIT
package csdesign.kit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// This type permits null. All other types of this project do not, and the build checks
/// it.
///
/// The annotation is our own, because `core` has no dependency: its files run with a JDK
/// and nothing else.
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE_USE)
public @interface Nullable {}
