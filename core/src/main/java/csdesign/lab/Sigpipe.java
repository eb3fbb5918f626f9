// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.ECONNRESET;
import static csdesign.posix.Errno.EPIPE;
import static csdesign.posix.Signal.SIGPIPE;
import static csdesign.posix.SysSocket.MSG_NOSIGNAL;
import static java.nio.charset.StandardCharsets.US_ASCII;

import csdesign.evidence.Task;
import csdesign.evidence.TcpInfo;
import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysWait;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Scanner;

/// **Sigpipe: a write that nobody will read ends the process, unless it says otherwise.**
///
/// ```text
///   process                          other end
///     |<------------ RST ------------|
///   recv: ECONNRESET, once
///   send: EPIPE, and before it answers SIGPIPE to the thread that sends
///           SIGPIPE by default ......... the process ends: signal 13, a shell says 141
///           ignored, or caught ......... the process goes on: send answers EPIPE
///           send with MSG_NOSIGNAL ..... there is no signal: send answers EPIPE
/// ```
/// **What** SIGPIPE ends a program in a shell's pipe when the next one is gone. A server
/// that leaves it so ends, with all its clients, when one of them goes away.
///
/// **Broken** The signal has its default action and the send has no flag. The process is
/// gone: no exception, no message, no shutdown hook.
///
/// **Fixed** MSG_NOSIGNAL for one send, or SIGPIPE ignored for the whole process. The
/// first is for libraries, to whom the signal does not belong; write(2) and sendfile(2)
/// have no such flag, and want the second.
///
/// **In Java** HotSpot catches SIGPIPE, and its handler does nothing: an IOException says
/// "Broken pipe". The Python interpreter ignores it: the original's demonstration ends by
/// an exception with EPIPE, not by the signal that it is about.
///
/// **Look for** the last two rows of the table: SIGPIPE is at its default in both, and
/// the flag is all the difference.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/Sigpipe.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man7/signal.7.html">signal(7)</a>
/// @see <a href="https://man7.org/linux/man-pages/man2/send.2.html">send(2), EPIPE and MSG_NOSIGNAL</a>
public final class Sigpipe {
    static final Claim RESET = new Claim(
            "reset", "after a RST one call answers ECONNRESET, and every send after it EPIPE");
    static final Claim CLOSED = new Claim(
            "closed", "after the other end's close a send succeeds, and the next answers EPIPE");
    static final Claim JAVA = new Claim(
            "java", "in Java that is an IOException with the same words, and the JVM lives");
    static final Claim CAUGHT = new Claim(
            "caught", "fixed: HotSpot catches SIGPIPE (SigCgt), so that send answers EPIPE");
    static final Claim IGNORED = new Claim(
            "ignored", "fixed: with SIGPIPE ignored (SigIgn) send answers EPIPE");
    static final Claim NO_SIGNAL = new Claim(
            "no-signal", "fixed: with MSG_NOSIGNAL send answers EPIPE, SIGPIPE at its default");
    static final Claim DEFAULT = new Claim(
            "default", "broken: without the flag the same process dies of signal 13");
    static final Claim SHELL = new Claim(
            "shell", "a shell calls that 141: 128 and the number of the signal");

    static final Option PORT = new Option(
            List.of("-p", "--port"), "PORT", 0, 0, 65_535,
            "The port of 127.0.0.1 where 'csdesign lab rst' runs already; 0 to do without");
    static final List<Option> OPTIONS = List.of(PORT);

    /// What the lab tells the other JVM to do, and the answer that it was done.
    private static final String IGNORE = "ignore";
    private static final String RESTORE = "restore";
    private static final String NO_FLAG = "none";
    private static final String FLAG = "MSG_NOSIGNAL";
    private static final String DONE = "0";
    private static final String NOTHING = "no exception";

    private Sigpipe() {}

    /// Runs the lab; or, in the other JVM, what the lab tells it.
    ///
    /// @param arguments `--auto`, `--port PORT`
    public static void main(String... arguments) {
        if (SubjectMain.isSubject(arguments)) {
            SubjectMain.play(words -> obey(Integer.parseInt(words.getFirst())), arguments);
        } else {
            Lab.main("sigpipe", Sigpipe::run, OPTIONS, arguments);
        }
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a socket or a process cannot be made
    /// @throws InterruptedException when it shall end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(RESET, CLOSED, JAVA, CAUGHT, IGNORED, NO_SIGNAL, DEFAULT, SHELL);
        int port = settings.number(PORT);
        try (Sockets sockets = new Sockets()) {
            Resetting server = Resetting.of(sockets, port);
            journal.attempt(() -> reset(journal, sockets, server), RESET);
            journal.attempt(() -> closed(journal, sockets), CLOSED);
            journal.attempt(() -> byTheJdk(journal, server), JAVA);
        }
        journal.attempt(() -> inAnotherJvm(journal, port), CAUGHT, IGNORED, NO_SIGNAL, DEFAULT);
        journal.attempt(() -> inAShell(journal), SHELL);
    }

    // @start region="broken"
    private static long sendBroken(Sockets sockets, int connection) {
        return sockets.send(connection, "hello", 0); // SIGPIPE, and EPIPE for who outlives it
    }
    // @end

    // @start region="fixed"
    private static long sendFixed(Sockets sockets, int connection) {
        return sockets.send(connection, "hello", MSG_NOSIGNAL); // EPIPE, and no signal
    }
    // @end

    /// In this JVM the signal is caught, so that the answers can be seen.
    private static void reset(Journal journal, Sockets sockets, Resetting server)
            throws IOException {
        journal.part("Reset: recv, then send; and a send where nobody called recv");
        int first = server.connection();
        long recv = sockets.recv(first);
        long send = sendBroken(sockets, first);
        journal.call("recv", recv);
        journal.call("send", send);
        int second = server.connection();
        long told = sendBroken(sockets, second);
        long after = sendBroken(sockets, second);
        journal.call("another connection, send", told);
        journal.call("send again", after);
        journal.judge(
                RESET, recv == -ECONNRESET && send == -EPIPE && told == recv && after == send,
                "recv, send: " + Errno.say(recv) + ", " + Errno.say(send) + "; send, send: "
                        + Errno.say(told) + ", " + Errno.say(after));
    }

    private static void closed(Journal journal, Sockets sockets) throws IOException {
        journal.part("Closed: send after the other end has closed");
        int listener = sockets.listen(0, 1);
        int client = sockets.connect(sockets.port(listener));
        sockets.close(sockets.accept(listener));
        TcpInfo.await(client, "CLOSE_WAIT");
        long first = sendBroken(sockets, client); // a RST is the answer: there is no socket
        TcpInfo.await(client, "CLOSE");
        long second = sendBroken(sockets, client);
        journal.call("send", first);
        journal.call("send again", second);
        journal.judge(
                CLOSED, first == "hello".length() && second == -EPIPE,
                "send: " + Errno.say(first) + ", then " + Errno.say(second));
    }

    private static void byTheJdk(Journal journal, Resetting server) throws IOException {
        journal.part("Reset: the same by the JDK");
        ByteBuffer hello = ByteBuffer.wrap("hello".getBytes(US_ASCII));
        try (SocketChannel channel = server.channel();
                Socket socket = new Socket(server.address().getAddress(), server.port());
                SocketChannel unread = server.channel()) {
            server.reset(3);
            ByteBuffer room = ByteBuffer.allocate(1);
            journal.step("SocketChannel, read", thrownBy(() -> channel.read(room)));
            String write = thrownBy(() -> channel.write(hello));
            journal.step("SocketChannel, write", write);
            journal.step("Socket, read", thrownBy(() -> socket.getInputStream().read()));
            String old = thrownBy(() -> socket.getOutputStream().write(hello.array()));
            journal.step("Socket, write", old);
            journal.step("another SocketChannel, write", thrownBy(() -> {
                while (true) { // until the RST has come
                    unread.write(hello.clear());
                }
            }));
            journal.judge(
                    JAVA, !write.equals(NOTHING) && !old.equals(NOTHING),
                    "SocketChannel: " + write + "; Socket: " + old);
        }
    }

    /// One process sends four times. The fourth time is its last.
    private static void inAnotherJvm(Journal journal, int port) throws IOException {
        journal.part("Another JVM: fixed in three ways, then broken");
        journal.columns("SIGPIPE of the process", "flag of send", "send answers", "the process");
        try (Subject jvm = Subject.start(Sigpipe.class, List.of(), new int[0], "" + port)) {
            jvm.expectLine(DONE);
            see(journal, jvm, NO_FLAG, CAUGHT, "caught, EPIPE (32), lives");
            jvm.write(IGNORE);
            jvm.expectLine(DONE);
            see(journal, jvm, NO_FLAG, IGNORED, "ignored, EPIPE (32), lives");
            jvm.write(RESTORE);
            jvm.expectLine(DONE);
            see(journal, jvm, FLAG, NO_SIGNAL, "default, EPIPE (32), lives");
            see(journal, jvm, NO_FLAG, DEFAULT, "default, nothing, signal 13");
        }
    }

    private static void see(
            Journal journal, Subject jvm, String flag, Claim claim, String expected)
            throws IOException {
        String sigpipe = Task.of(jvm.pid()).disposition(SIGPIPE);
        jvm.write(flag);
        String line = jvm.readLine();
        String send = line == null ? "nothing" : Errno.say(Long.parseLong(line));
        String process = line == null ? SysWait.describe(jvm.waitFor()) : "lives";
        journal.row(sigpipe, flag, send, process);
        String seen = sigpipe + ", " + send + ", " + process;
        journal.judge(claim, seen.equals(expected), "SIGPIPE, send, the process: " + seen);
    }

    /// What the other JVM does: what it is told, line by line.
    private static void obey(int port) throws IOException {
        try (Sockets sockets = new Sockets();
                Scanner lab = new Scanner(System.in, US_ASCII)) {
            Resetting server = Resetting.of(sockets, port);
            System.out.println(DONE); // begun
            while (lab.hasNextLine()) {
                String word = lab.nextLine();
                int connection = server.connection();
                sockets.recv(connection); // ECONNRESET
                System.out.println(switch (word) {
                    case IGNORE -> Signal.ignore(sockets.errno(), SIGPIPE);
                    case RESTORE -> Signal.restoreDefault(sockets.errno(), SIGPIPE);
                    case FLAG -> sendFixed(sockets, connection);
                    default -> sendBroken(sockets, connection);
                });
            }
        }
    }

    private static void inAShell(Journal journal) throws IOException, InterruptedException {
        journal.part("A shell: yes writes into a pipe whose other end is closed");
        Process shell = new ProcessBuilder("sh", "-c", "yes; echo $? >&2").start();
        shell.getInputStream().close();
        String said = new String(shell.getErrorStream().readAllBytes(), US_ASCII).strip();
        shell.waitFor();
        journal.step("sh -c 'yes; echo $?'", said);
        journal.judge(SHELL, said.equals("" + (128 + SIGPIPE)), "the shell says " + said);
    }

    /// A server that resets its connections: one here, or one that runs already.
    private record Resetting(Sockets sockets, int port, int listener) {
        static Resetting of(Sockets sockets, int port) throws IOException {
            int listener = port == 0 ? sockets.listen(0, 3) : -1;
            return new Resetting(sockets, port == 0 ? sockets.port(listener) : port, listener);
        }

        /// A client's end, to which the RST has come.
        int connection() throws IOException {
            int client = sockets.tcp();
            int result = sockets.connect(client, port);
            if (result < 0) {
                throw unreachable(Errno.say(result));
            }
            reset(1);
            TcpInfo.await(client, "CLOSE");
            return client;
        }

        private IOException unreachable(String error) {
            String hint = listener < 0 ? "; does 'csdesign lab rst -p " + port + "' run?" : "";
            return new IOException("connect to 127.0.0.1:" + port + ": " + error + hint);
        }

        /// The same by the JDK; the RST is for [#reset] to send.
        SocketChannel channel() throws IOException {
            try {
                return SocketChannel.open(address());
            } catch (ConnectException e) {
                throw unreachable(String.valueOf(e.getMessage()));
            }
        }

        void reset(int connections) throws IOException {
            for (int i = 0; i < connections && listener >= 0; i++) {
                int connection = sockets.accept(listener);
                sockets.linger(connection, 0);
                sockets.close(connection); // by a RST
            }
        }

        InetSocketAddress address() {
            return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
        }
    }

    /// A read or a write.
    private interface Call {
        void run() throws IOException;
    }

    private static String thrownBy(Call call) {
        try {
            call.run();
            return NOTHING;
        } catch (IOException e) {
            return e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }
}
