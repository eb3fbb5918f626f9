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
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Scanner;

/// **Sigpipe: a write to a connection that is gone ends the process, by default.**
///
/// ```text
///   process                          other end
///     |<------------ RST ------------|
///   recv: ECONNRESET, once
///   send: SIGPIPE to the thread that sends, then EPIPE as its answer
///           SIGPIPE by default ......... the process ends: signal 13, a shell says 141
///           ignored, or caught ......... the process goes on: send answers EPIPE
///           send with MSG_NOSIGNAL ..... there is no signal: send answers EPIPE
/// ```
///
/// **What** SIGPIPE ends a program in a shell's pipe when the next program is gone. A
/// server that leaves the signal at its default ends in the same way, with all its
/// clients, as soon as one client goes away at the wrong moment.
///
/// **Broken** The signal has its default action and the send has no flag. The process is
/// gone: there is no exception, no message, and no shutdown hook runs.
///
/// **Fixed** MSG_NOSIGNAL for one send, or SIGPIPE ignored for the whole process. A
/// library should use the flag, because the signal belongs to the program around it. For
/// write(2) and sendfile(2) there is no such flag: they need the signal ignored.
///
/// **In Java** HotSpot catches SIGPIPE, and its handler does nothing: the program gets an
/// IOException that says "Broken pipe". The Python interpreter ignores the signal. So the
/// original's demonstration ends by an exception made of EPIPE, and not by the signal
/// that it is about.
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
            "reset-is-told-once",
            "After a RST one call, recv or send, answers ECONNRESET, and every send after"
                    + " it answers EPIPE.");
    static final Claim CLOSED = new Claim(
            "close-takes-one-send",
            "After the other end has closed, one send still succeeds, and the next one"
                    + " answers EPIPE.");
    static final Claim JAVA = new Claim(
            "java-throws-an-exception",
            "In Java the same writes throw an IOException that says \"Broken pipe\", and the"
                    + " JVM lives on.");
    static final Claim REMEDIES = new Claim(
            "three-remedies-leave-epipe",
            "Fixed: where SIGPIPE is caught, as by HotSpot, or ignored, or not sent because of"
                    + " MSG_NOSIGNAL, send answers EPIPE and the process lives on.");
    static final Claim KILLS = new Claim(
            "default-kills-the-process",
            "Broken: without the flag, and with SIGPIPE at its default, the same process dies"
                    + " of signal 13, which a shell reports as 141.");

    static final Option PORT = new Option(
            List.of("-p", "--port"), "PORT", 0, 0, 65_535,
            "The port of 127.0.0.1 on which 'csdesign lab rst' runs already, which then resets"
                    + " the connections; with 0 the lab does so itself");
    static final List<Option> OPTIONS = List.of(PORT);

    private static final String NO_EXCEPTION = "no exception";
    private static final int EXIT_CODE_OF_SIGNALS = 128; // a shell adds the signal's number

    /// What the lab tells the other JVM to do with SIGPIPE, or with a connection that was
    /// reset.
    private enum Order {
        IGNORE_SIGPIPE, RESTORE_SIGPIPE, SEND, SEND_WITH_NOSIGNAL
    }

    /// What became of a send, and of the process that made it.
    ///
    /// @param sigpipe what SIGPIPE did in that process: `caught`, `ignored` or `default`
    /// @param answer of send; `nothing` where it did not return
    /// @param process `lives`, or how it ended
    private record Outcome(String sigpipe, String answer, String process) {
        boolean isEpipe(String expectedSigpipe) {
            return equals(new Outcome(expectedSigpipe, Errno.say(-EPIPE), "lives"));
        }

        @Override
        public String toString() {
            return "SIGPIPE " + sigpipe + ": " + answer + ", " + process;
        }
    }

    private Sigpipe() {}

    /// Runs the lab; or, in the other JVM, obeys the lab.
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
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(RESET, CLOSED, JAVA, REMEDIES, KILLS);
        int port = settings.number(PORT);
        try (Sockets sockets = new Sockets()) {
            ResettingServer server = ResettingServer.of(sockets, port);
            journal.attempt(() -> sendAfterReset(journal, sockets, server), RESET);
            journal.attempt(() -> sendAfterClose(journal, sockets), CLOSED);
            journal.attempt(() -> writeByTheJdk(journal, server), JAVA);
        }
        journal.attempt(() -> sendInAnotherJvm(journal, port), REMEDIES, KILLS);
    }

    // @start region="broken"
    private static long sendBroken(Sockets sockets, int connection) {
        // SIGPIPE comes first. A process that outlives it gets EPIPE as the answer.
        return sockets.send(connection, "hello", 0);
    }
    // @end

    // @start region="fixed"
    private static long sendFixed(Sockets sockets, int connection) {
        // The answer is EPIPE, and there is no signal.
        return sockets.send(connection, "hello", MSG_NOSIGNAL);
    }
    // @end

    /// The server resets two connections. On the first the lab calls recv, then send; on
    /// the second send, then send again. This JVM catches SIGPIPE, so that it lives to
    /// see all four answers: whichever call comes first is told of the reset, and only
    /// that one.
    private static void sendAfterReset(
            Journal journal, Sockets sockets, ResettingServer server) throws IOException {
        journal.part("Reset: recv, then send; and two sends without a recv");
        int first = server.connection();
        long recv = sockets.recv(first);
        long send = sendBroken(sockets, first);
        journal.call("recv", recv);
        journal.call("send", send);
        int second = server.connection();
        long firstSend = sendBroken(sockets, second);
        long secondSend = sendBroken(sockets, second);
        journal.call("another connection, send", firstSend);
        journal.call("send again", secondSend);
        journal.judge(
                RESET,
                recv == -ECONNRESET && send == -EPIPE
                        && firstSend == -ECONNRESET && secondSend == -EPIPE,
                "recv, send: " + Errno.say(recv) + ", " + Errno.say(send) + "; send, send: "
                        + Errno.say(firstSend) + ", " + Errno.say(secondSend));
    }

    /// The other end closes and does not reset. The lab sends, waits until TCP has
    /// received the RST that answers those bytes, and sends again. That the first send
    /// succeeds shows that its success says nothing of the other end.
    private static void sendAfterClose(Journal journal, Sockets sockets) throws IOException {
        journal.part("Closed: send after the other end has closed");
        int listener = sockets.listen(0, 1);
        int client = sockets.connect(sockets.port(listener));
        sockets.close(sockets.accept(listener));
        TcpInfo.await(client, "CLOSE_WAIT");
        long first = sendBroken(sockets, client);
        TcpInfo.await(client, "CLOSE");
        long second = sendBroken(sockets, client);
        journal.call("send", first);
        journal.call("send again", second);
        journal.judge(
                CLOSED, first == "hello".length() && second == -EPIPE,
                "send: " + Errno.say(first) + ", then " + Errno.say(second));
    }

    /// The server resets three connections that the JDK's own classes have made. Two of
    /// them read first and then write; the third only writes. Each call throws an
    /// exception, and the lab that runs in this JVM goes on.
    private static void writeByTheJdk(Journal journal, ResettingServer server)
            throws IOException {
        journal.part("Reset: the same by the JDK");
        ByteBuffer hello = ByteBuffer.wrap("hello".getBytes(US_ASCII));
        try (SocketChannel channel = server.channel();
                Socket socket = new Socket(server.address().getAddress(), server.port());
                SocketChannel unread = server.channel()) {
            server.resetNext(3);
            ByteBuffer room = ByteBuffer.allocate(1);
            journal.step("SocketChannel, read", thrownBy(() -> channel.read(room)));
            String byChannel = thrownBy(() -> channel.write(hello));
            journal.step("SocketChannel, write", byChannel);
            journal.step("Socket, read", thrownBy(() -> socket.getInputStream().read()));
            String bySocket = thrownBy(() -> socket.getOutputStream().write(hello.array()));
            journal.step("Socket, write", bySocket);
            journal.step("another SocketChannel, write", thrownBy(() -> {
                while (true) { // until the RST has arrived
                    unread.write(hello.clear());
                }
            }));
            journal.judge(
                    JAVA, !byChannel.equals(NO_EXCEPTION) && !bySocket.equals(NO_EXCEPTION),
                    "SocketChannel: " + byChannel + "; Socket: " + bySocket);
        }
    }

    /// One other JVM sends four times, each time to a connection that was reset: with
    /// HotSpot's handler, with the signal ignored, and at its default with and without
    /// the flag. Before each send /proc says what SIGPIPE would do. It is the same
    /// process and the same call, so the setting and the flag alone make the difference;
    /// the fourth send is the last thing that this process does.
    private static void sendInAnotherJvm(Journal journal, int port)
            throws IOException, InterruptedException {
        journal.part("Another JVM: fixed in three ways, then broken");
        journal.columns("SIGPIPE of the process", "flag of send", "send answers", "the process");
        Outcome killed;
        try (Subject jvm = Subject.start(Sigpipe.class, List.of(), new int[0], "" + port)) {
            jvm.expectLine("0"); // it has begun
            Outcome caught = send(journal, jvm, Order.SEND);
            order(jvm, Order.IGNORE_SIGPIPE);
            Outcome ignored = send(journal, jvm, Order.SEND);
            order(jvm, Order.RESTORE_SIGPIPE);
            Outcome flagged = send(journal, jvm, Order.SEND_WITH_NOSIGNAL);
            journal.judge(
                    REMEDIES,
                    caught.isEpipe("caught") && ignored.isEpipe("ignored")
                            && flagged.isEpipe("default"),
                    caught + "; " + ignored + "; with the flag, " + flagged);
            killed = send(journal, jvm, Order.SEND);
        }
        String status = statusInAShell(journal);
        journal.judge(
                KILLS,
                killed.equals(new Outcome("default", "nothing", "signal " + SIGPIPE))
                        && status.equals("" + (EXIT_CODE_OF_SIGNALS + SIGPIPE)),
                killed + "; a shell says " + status);
    }

    private static void order(Subject jvm, Order order) throws IOException {
        jvm.write(order.name());
        jvm.expectLine("0");
    }

    private static Outcome send(Journal journal, Subject jvm, Order order) throws IOException {
        String sigpipe = Task.of(jvm.pid()).disposition(SIGPIPE);
        jvm.write(order.name());
        String line = jvm.readLine();
        String answer = line == null ? "nothing" : Errno.say(Long.parseLong(line));
        String process = line == null ? SysWait.describe(jvm.waitFor()) : "lives";
        String flag = order == Order.SEND_WITH_NOSIGNAL ? "MSG_NOSIGNAL" : "none";
        journal.row(sigpipe, flag, answer, process);
        return new Outcome(sigpipe, answer, process);
    }

    /// What the other JVM does: one order after the other, each on a connection that has
    /// been reset, and on which recv has reported the reset. It answers with the call's
    /// result.
    private static void obey(int port) throws IOException {
        try (Sockets sockets = new Sockets();
                Scanner lab = new Scanner(System.in, US_ASCII)) {
            ResettingServer server = ResettingServer.of(sockets, port);
            System.out.println(0); // it has begun
            while (lab.hasNextLine()) {
                Order order = Order.valueOf(lab.nextLine());
                int connection = server.connection();
                sockets.recv(connection); // ECONNRESET
                System.out.println(switch (order) {
                    case IGNORE_SIGPIPE -> Signal.ignore(sockets.errno(), SIGPIPE);
                    case RESTORE_SIGPIPE -> Signal.restoreDefault(sockets.errno(), SIGPIPE);
                    case SEND_WITH_NOSIGNAL -> sendFixed(sockets, connection);
                    case SEND -> sendBroken(sockets, connection);
                });
            }
        }
    }

    /// A shell runs yes(1) with its output into a pipe whose other end this process has
    /// closed, and prints with which status yes ended.
    private static String statusInAShell(Journal journal)
            throws IOException, InterruptedException {
        journal.part("A shell: yes writes into a pipe whose other end is closed");
        Process shell = new ProcessBuilder("sh", "-c", "yes; echo $? >&2").start();
        shell.getInputStream().close();
        String status = new String(shell.getErrorStream().readAllBytes(), US_ASCII).strip();
        shell.waitFor();
        journal.step("sh -c 'yes; echo $?'", status);
        return status;
    }

    /// A read or a write.
    @FunctionalInterface
    private interface Call {
        void run() throws IOException;
    }

    private static String thrownBy(Call call) {
        try {
            call.run();
            return NO_EXCEPTION;
        } catch (IOException e) {
            return e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }
}
