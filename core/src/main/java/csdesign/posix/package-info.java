// SPDX-License-Identifier: MIT

/// The Linux socket API through FFM, by its C names.
///
/// A class stands for a C header and has the header's name (`SysEpoll` is
/// `<sys/epoll.h>`). A constant is a macro of that header. A static method with a C name
/// is that C function, and three rules hold for all of them:
///
/// - **The result is the kernel's own**: a value of 0 or more, or a negative errno
///   (`-Errno.EAGAIN`). The system call itself answers like this; the C library splits
///   the answer in two.
/// - **errno is captured per loop or thread**: every call takes an [Errno] that its
///   caller owns. A static one would be shared by all threads, and one thread would read
///   the error of another.
/// - **No call that can block is `critical`**, so the collector can run during the call.
///   Only fork is `critical`. Around any other call a thread changes its state, and when
///   it comes back it waits until a safepoint that another thread began is over. In the
///   child of a fork no other thread is left to end that safepoint.
///
/// Beside the C functions there are a few helpers, with names that are not C: they read
/// a field of a struct ([LinuxTcp]), put a result into words ([SysWait]), or do what in C
/// takes several lines ([Fcntl], [Signal], [SignalPipe]).
///
/// Only this package calls [java.lang.foreign.Linker]. Constants, sizes and offsets are
/// those of Linux on x86-64 and aarch64; a test compares them with those of the C
/// compiler.
package csdesign.posix;
