// SPDX-License-Identifier: MIT
package csdesign.cli;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.range.Range;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine;

/// Every number that a command can be given has a range, which its help names and its reader keeps.
@Timeout(30)
class NumbersTest {
    private static final Set<Class<?>> NUMBERS = Set.of(
            byte.class, Byte.class, short.class, Short.class, int.class, Integer.class, long.class,
            Long.class, float.class, Float.class, double.class, Double.class);

    /// Options whose value is no single number, each with what holds it.
    private static final Set<String> NO_NUMBERS = Set.of(
            "--host", "--service", "--engine", // names
            "--designs", "--workloads", // names
            "--server-cpus", "--client-cpus", // CpusTest
            "--out", "--latest"); // files

    /// What is refused everywhere. The first ones are numbers to Java's own parsers.
    private static final List<String> WRONG = List.of(
            "NaN", "Infinity", "-Infinity", "-1", "+5", "1e3", "0x1p3", "1d", "٣", "５", " 5", "5 ",
            "", "x",
            "99999999999999999999");

    /// An option of a command.
    record Numeric(List<String> command, CommandSpec spec, OptionSpec option) {
        Range range() {
            return Numbers.range(spec, option).orElseThrow();
        }

        @Override
        public String toString() {
            return String.join(" ", command) + " " + option.longestName();
        }
    }

    static Stream<Numeric> numbers() {
        List<Numeric> found = new ArrayList<>();
        collect(List.of(), Main.command(), found);
        return found.stream();
    }

    private static void collect(List<String> path, CommandLine command, List<Numeric> found) {
        for (OptionSpec option : command.getCommandSpec().options()) {
            if (option.preprocessor() instanceof Numbers.Reader) {
                found.add(new Numeric(path, command.getCommandSpec(), option));
            }
        }
        command.getSubcommands().forEach((name, each) -> {
            if (name.equals(each.getCommandName())) { // each once, not by its aliases
                collect(Stream.concat(path.stream(), Stream.of(name)).toList(), each, found);
            }
        });
    }

    private static Stream<CommandSpec> commands(CommandLine command) {
        return Stream.concat(
                Stream.of(command.getCommandSpec()),
                command.getSubcommands().values().stream().flatMap(NumbersTest::commands));
    }

    @Test
    void shouldFindTheNumbersOfEveryCommand() {
        assertThat(numbers().map(Numeric::toString)).contains(
                "serve --port", "serve --grace", "client --timeout", "bench --duration",
                "lab signal-race --seconds").hasSizeGreaterThan(30);
    }

    /// A new option that picocli reads by itself, or that is read from text later, is seen here.
    @Test
    void shouldReadEveryNumberByARange() {
        for (CommandSpec command : commands(Main.command()).toList()) {
            for (OptionSpec option : command.options()) {
                boolean isNumber = option.preprocessor() instanceof Numbers.Reader;
                boolean isSwitch = option.type() == boolean.class || option.type() == Boolean.class;
                assertThat(isNumber || isSwitch || NO_NUMBERS.contains(option.longestName()))
                        .as("%s %s is a switch, is read by Numbers.Reader, or is no number",
                                command.qualifiedName(), option.longestName())
                        .isTrue();
                assertThat(isNumber || !NUMBERS.contains(option.type()))
                        .as("%s %s is read by Numbers.Reader", command.qualifiedName(),
                                option.longestName())
                        .isTrue();
            }
            assertThat(command.positionalParameters())
                    .noneMatch(positional -> NUMBERS.contains(positional.type()));
        }
    }

    @ParameterizedTest
    @MethodSource("numbers")
    void shouldNameItsRangeInItsHelp(Numeric number) {
        assertThat(String.join(" ", number.option().description()))
                .contains(number.range().words())
                .doesNotContain("null").doesNotContain("${");
    }

    @ParameterizedTest
    @MethodSource("numbers")
    void shouldHaveADefaultThatItWouldTake(Numeric number) {
        parse(number);
        Object byDefault = number.option().getValue();
        if (byDefault instanceof Number value) {
            number.range().check(value.longValue());
            assertThat(String.join(" ", number.option().description()))
                    .contains("(default: " + number.range().text(value.longValue()));
        }
    }

    @ParameterizedTest
    @MethodSource("numbers")
    void shouldTakeTheLeastAndTheMost(Numeric number) {
        for (long value : new long[] {number.range().least(), number.range().most()}) {
            for (String name : number.option().names()) {
                parse(number, name, number.range().text(value));
                assertThat(((Number) number.option().getValue()).longValue())
                        .as("%s %s", name, value)
                        .isEqualTo(value);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("numbers")
    void shouldRefuseEverythingElse(Numeric number) {
        Range range = number.range();
        List<String> wrong = new ArrayList<>(WRONG);
        wrong.add(range.text(range.most() + 1));
        if (range.least() > 0) {
            wrong.add(range.text(range.least() - 1));
        }
        for (String value : wrong) {
            for (String name : number.option().names()) {
                StringWriter err = new StringWriter();
                CommandLine root = number.spec().root().commandLine();
                root.getSubcommands().values().forEach(each -> errTo(each, err));
                String[] arguments = arguments(
                        number, name.startsWith("--") ? name + "=" + value : name, value);
                assertThat(root.execute(arguments)).as(value).isEqualTo(2);
                assertThat(err.toString())
                        .contains(range.name() + " is '" + value + "': must be " + range.words())
                        .contains("try: csdesign " + String.join(" ", number.command()) + " --help")
                        .doesNotContain("\tat ");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("numbers")
    void shouldSayWhenTheNumberIsMissing(Numeric number) {
        StringWriter err = new StringWriter();
        errTo(number.spec().commandLine(), err);
        String[] arguments = Stream.concat(
                number.command().stream(), Stream.of(number.option().longestName()))
                .toArray(String[]::new);
        assertThat(number.spec().root().commandLine().execute(arguments)).isEqualTo(2);
        assertThat(err.toString()).contains(number.option().longestName())
                .contains("Missing required parameter");
    }

    @ParameterizedTest
    @CsvSource({"--server-cpus, ٠", "--client-cpus, ' 0'", "--client-cpus, +1",
            "--server-cpus, 1024"})
    void shouldRefuseWhatIsNoListOfCpus(String option, String list) {
        StringWriter err = new StringWriter();
        CommandLine bench = Main.command("bench").setErr(new PrintWriter(err, true));
        assertThat(bench.execute("bench", option, list)).isEqualTo(2);
        assertThat(err.toString()).contains(option + ": '" + list + "' is no list of CPUs");
    }

    private static void errTo(CommandLine command, StringWriter err) {
        command.setErr(new PrintWriter(err, true)); // and that of its subcommands
    }

    /// Reads the command line and runs nothing.
    private static void parse(Numeric number, String... option) {
        number.spec().root().commandLine().parseArgs(arguments(number, option));
    }

    /// With what the command asks for besides.
    private static String[] arguments(Numeric number, String... option) {
        List<String> all = new ArrayList<>(number.command());
        number.spec().positionalParameters().forEach(_ -> all.add("epoll"));
        boolean attached = option.length > 0 && option[0].contains("=");
        all.addAll(attached ? List.of(option[0]) : List.of(option));
        return all.toArray(String[]::new);
    }
}
