// SPDX-License-Identifier: MIT

/// The Linux socket API through FFM, by its C names.
///
/// ```text
///   design, driver --> SysSocket.send(errno, fd, buffer, ...) --> Native --> send(2)
///                        `--> Errno: where the call leaves its errno --> PosixException
/// ```
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
///
/// | type | header, and what it is |
/// |---|---|
/// | [SysSocket] | `<sys/socket.h>`: sockets |
/// | [SockAddr] | `struct sockaddr_in`, `sockaddr_in6`: a JDK address as the kernel reads it |
/// | [LinuxTcp] | `<linux/tcp.h>`: what the kernel knows of a TCP connection |
/// | [NetpacketPacket] | `<netpacket/packet.h>`: sockets that see packets |
/// | [SysIoctl] | `<sys/ioctl.h>`: network interfaces |
/// | [SysSelect], [SysPoll], [SysEpoll] | wait for events on descriptors |
/// | [SysEventfd], [SysSignalfd], [SysPidfd] | a counter, signals, a process as a descriptor |
/// | [SysSendfile], [SysUio] | from a file to a socket; several buffers in one write |
/// | [Unistd], [Fcntl] | read, write, close, pipe, fork; open, locks, splice |
/// | [Signal], [SignalPipe] | signals; a handler that writes into a pipe |
/// | [Spawn], [SysWait] | a new process that runs a program; how a child ended |
/// | [Pthread], [Sched] | a mutex that processes share; processors and namespaces |
/// | [SysMman], [SysResource], [Time] | mappings; what a process used; clocks |
/// | [SysPrctl] | what a process or thread asks of the kernel for itself |
/// | [Arch] | the architectures whose layouts this package knows |
/// | [Native] | makes a C function callable, and a Java method callable from C |
/// | [Errno], [PosixException] | the error numbers; a failed call as one line |
package csdesign.posix;
