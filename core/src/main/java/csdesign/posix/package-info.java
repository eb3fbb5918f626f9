// SPDX-License-Identifier: MIT

/// The Linux socket API through FFM, by its C names.
///
/// Each class is a C header and carries the header's name (`SysEpoll` is
/// `<sys/epoll.h>`), each static method a C function, each constant a macro. Nothing is
/// hidden and nothing is added but three rules:
///
/// - **The result is the kernel's own**: a value of 0 or more, or a negative errno
///   (`-Errno.EAGAIN`), as the system call itself answers before the C library splits it
///   in two.
/// - **errno is captured per loop or thread**: every call takes an [Errno] that its
///   caller owns. A static one would be shared, and wrong, with the second thread.
/// - **No call that can block is `critical`**, so the collector runs while it does. Fork
///   alone is: around any other call a thread changes its state, and on its way back it
///   waits at a safepoint that another thread began. In the child there is no other
///   thread to end it.
///
/// This is the only place that calls [java.lang.foreign.Linker]. Constants, sizes and
/// offsets are those of Linux on x86-64 and aarch64; a test compares them with the C
/// compiler's view.
package csdesign.posix;
