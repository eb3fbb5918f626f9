// SPDX-License-Identifier: MIT
package csdesign.posix;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/// The one place that makes a C function callable, and a Java method callable from C.
///
/// Linking takes milliseconds for each signature, and a server calls only a few of the
/// functions of this package. So each handle is in its own class, which the JVM
/// initialises when the function is called first.
@SuppressWarnings("restricted")
final class Native {
    /// The layout of what a call leaves behind: on Linux a struct with the single `int`
    /// errno.
    static final StructLayout CAPTURED = Linker.Option.captureStateLayout();

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle ACCEPT = accept();

    static {
        // Fails here, with one sentence, where no layout of this package can be right.
        Arch _ = Arch.current();
    }

    private Native() {}

    /// Links `name` so that its first argument receives errno after every call.
    static MethodHandle link(String name, MemoryLayout result, MemoryLayout... arguments) {
        return link(name, FunctionDescriptor.of(result, arguments));
    }

    /// Links a function with a `...` in its prototype; `fixed` arguments stand before it.
    /// On some ABIs variadic arguments travel differently, so the linker must be told.
    static MethodHandle linkVariadic(
            String name, int fixed, MemoryLayout result, MemoryLayout... arguments) {
        return link(
                name,
                FunctionDescriptor.of(result, arguments),
                Linker.Option.firstVariadicArg(fixed));
    }

    /// Links a function around which the thread does not change its state. Never for one
    /// that can block: a collection would wait for it.
    static MethodHandle linkAtOnce(String name, MemoryLayout result) {
        return link(name, FunctionDescriptor.of(result), Linker.Option.critical(false));
    }

    /// Where a C function is, to be handed to another one.
    static MemorySegment address(String name) {
        return LINKER.defaultLookup()
                .find(name)
                .orElseThrow(
                        () -> new UnsupportedOperationException(
                                "this C library has no function " + name));
    }

    /// Makes a C function of one `int` out of a Java one.
    ///
    /// @param arena the C function is there as long as it is open
    static MemorySegment upcall(IntConsumer function, Arena arena) {
        return LINKER.upcallStub(
                ACCEPT.bindTo(function), FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT), arena);
    }

    private static MethodHandle accept() {
        try {
            return MethodHandles.lookup()
                    .findVirtual(IntConsumer.class, "accept",
                            MethodType.methodType(void.class, int.class));
        } catch (ReflectiveOperationException missing) {
            throw new LinkageError("IntConsumer has no accept", missing);
        }
    }

    private static MethodHandle link(
            String name, FunctionDescriptor descriptor, Linker.Option... options) {
        MemorySegment address = address(name);
        Linker.Option[] all = Stream
                .concat(Stream.of(Linker.Option.captureCallState("errno")), Stream.of(options))
                .toArray(Linker.Option[]::new);
        try {
            return LINKER.downcallHandle(address, descriptor, all);
        } catch (IllegalCallerException denied) {
            throw new UnsupportedOperationException(
                    "native access is denied: run java with --enable-native-access=ALL-UNNAMED",
                    denied);
        }
    }

    /// A downcall declares `Throwable` and throws none. What arrives here says that it
    /// cannot be linked, in a sentence of [#address] or [#link], or is a defect of ours.
    static AssertionError never(Throwable thrown) {
        if (thrown instanceof LinkageError unlinked) {
            if (unlinked.getCause() instanceof UnsupportedOperationException sentence) {
                throw sentence;
            }
            throw unlinked;
        }
        return new AssertionError("a downcall threw", thrown);
    }
}
