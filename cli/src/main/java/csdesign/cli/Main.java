// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.kit.Output;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine;

/// The command `csdesign`.
@Command(name = "csdesign", description = "The laboratory of concurrent server design on the JVM.", synopsisSubcommandLabel = "COMMAND", footer = {
        "",
        "Begin with:",
        "  csdesign bench --quick        measure the designs side by side",
        "  csdesign designs              what there is",
        "  csdesign serve epoll          one of them, on 127.0.0.1:2000",
        "  csdesign lab                  experiments on the traps around them%n"
})
@SuppressWarnings("UnusedVariable") // picocli reads the options
public final class Main implements Runnable {
    /// By their names, in the order in which help lists them.
    private static final List<Map.Entry<String, Class<?>>> COMMANDS = List.of(
            Map.entry("designs", DesignsCommand.class),
            Map.entry("serve", ServeCommand.class),
            Map.entry("client", ClientCommand.class),
            Map.entry("bench", BenchCommand.class),
            Map.entry("lab", LabCommand.class),
            Map.entry("pages", PagesCommand.class),
            Map.entry("archive-classes", ArchiveClassesCommand.class));

    @Option(names = {"-h",
            "--help"}, usageHelp = true, scope = ScopeType.INHERIT, description = "Say what can be said here, and end.")
    private boolean help;

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "With an error, print where in the program it arose.")
    private boolean debug;

    @Spec
    private CommandSpec spec;

    /// Runs a command and ends with its exit code.
    ///
    /// @param arguments the command line
    public static void main(String... arguments) {
        Output.watch();
        System.exit(Output.exitCode(run(arguments)));
    }

    /// Runs a command.
    ///
    /// @param arguments the command line
    /// @return its exit code
    static int run(String... arguments) {
        return command(arguments).execute(arguments);
    }

    /// The command line: whole, or with the one command that the first argument names.
    /// To describe them all would take a server longer than to read its own options.
    ///
    /// @param arguments that it will be given: with `--debug` errors are traced
    /// @return ready to execute them
    static CommandLine command(String... arguments) {
        Locale.setDefault(Locale.ROOT); // digits and points are those of the documentation
        boolean debug = Arrays.asList(arguments).contains("--debug");
        CommandLine command = new CommandLine(new Main());
        String first = arguments.length == 0 ? "" : arguments[0];
        boolean isNamed = COMMANDS.stream().anyMatch(entry -> entry.getKey().equals(first));
        COMMANDS.stream()
                .filter(entry -> !isNamed || entry.getKey().equals(first))
                .forEach(entry -> command.addSubcommand(entry.getKey(), entry.getValue()));
        command.getSubcommands().forEach((name, described) -> {
            switch (name) {
                case "serve" -> ServeCommand.describe(
                        described.getCommandSpec(), Arrays.asList(arguments));
                case "client" -> ClientCommand.describe(described.getCommandSpec());
                case "bench" -> BenchCommand.describe(described.getCommandSpec());
                case "lab" -> LabCommand.describe(described);
                default -> {}
            }
        });
        command.setCaseInsensitiveEnumValuesAllowed(true);
        command.setAbbreviatedOptionsAllowed(false);
        command.setUsageHelpAutoWidth(true);
        command.setParameterExceptionHandler(Main::badUsage);
        command.setExecutionExceptionHandler(
                (exception, line, _) -> {
                    if (debug || !isExpected(exception)) {
                        exception.printStackTrace(line.getErr());
                    } else {
                        line.getErr().println("csdesign: " + exception.getMessage());
                    }
                    return 1;
                });
        return command;
    }

    /// What can go wrong without a defect of ours: it needs a sentence, and no stack trace.
    private static boolean isExpected(Exception exception) {
        return exception instanceof IOException
                || exception instanceof UnsupportedOperationException;
    }

    private static int badUsage(ParameterException exception, String... arguments) {
        PrintWriter err = exception.getCommandLine().getErr();
        String command = exception.getCommandLine().getCommandSpec().qualifiedName();
        err.println("csdesign: " + exception.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(exception, err);
        err.println("try: " + command + " --help");
        return 2;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? One of those below");
    }
}
