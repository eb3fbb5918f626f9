// SPDX-License-Identifier: MIT
package csdesign.harness;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/// A contract: its tests run for every design with a process for each client.
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(SharedServers.class)
@TestMethodOrder(MethodOrderer.MethodName.class) // in turn: they share servers
@ParameterizedClass(name = "{0}", allowZeroInvocations = true) // of -Dcsdesign.contract
@MethodSource("csdesign.harness.Subject#processForEachClient")
public @interface EveryProcessForEachClient {}
