// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.design.Catalog;
import csdesign.design.Design;
import csdesign.kit.Nullable;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/// The options of `csdesign serve` that only some designs have, as the designs declare them.
///
/// `serve` takes them all, wherever they stand among its arguments; given to a design that has
/// no such option, one is an error that names the designs that have it. Designs that have an option
/// of the same name may differ in its default and its words, and agree in its range.
final class OwnOptions {
    /// Those with which help is printed.
    private static final Set<String> HELP = Set.of("-h", "--help");

    private OwnOptions() {}

    /// Adds them. A server that is started pays nothing for its help: descriptions are made where
    /// help may be printed.
    ///
    /// @param serve the command
    /// @param numbers gets their ranges
    /// @param arguments that the command will be given: where they name a design, help shows the
    ///     options of that one and of no other
    static void describe(CommandSpec serve, Numbers numbers, List<String> arguments) {
        boolean helps = arguments.isEmpty() || !Collections.disjoint(arguments, HELP);
        Design named = helps ? named(arguments) : null;
        ArgGroupSpec.Builder group = ArgGroupSpec.builder().validate(false).heading(
                named == null ? "Options of one design:%n" : "Options of " + named.slug() + ":%n");
        for (Map.Entry<String, List<Design>> each : designsByOption().entrySet()) {
            Option option = own(each.getValue().getFirst(), each.getKey());
            if (!option.isFlag()) {
                numbers.with(option.range());
            }
            List<String> descriptions = helps
                    ? descriptions(each.getKey(), each.getValue(), named)
                    : List.of();
            if (descriptions.isEmpty()) {
                serve.addOption(spec(option, descriptions));
            } else {
                group.addArg(spec(option, descriptions));
            }
        }
        if (!group.args().isEmpty()) {
            serve.addArgGroup(group.build());
        }
    }

    private static @Nullable Design named(List<String> arguments) {
        for (String word : arguments) {
            Optional<Design> named = Catalog.find(word);
            if (named.isPresent()) {
                return named.get();
            }
        }
        return null;
    }

    /// Each option, by its longest name, with the designs that have it.
    private static Map<String, List<Design>> designsByOption() {
        Map<String, List<Design>> all = new LinkedHashMap<>();
        for (Design design : Catalog.ENTRIES) {
            for (Option option : design.options()) {
                List<Design> those = all.getOrDefault(option.name(), new ArrayList<>());
                those.add(design);
                all.put(option.name(), those);
            }
        }
        return all;
    }

    private static Option own(Design design, String name) {
        return design.option(name).orElseThrow();
    }

    private static List<String> descriptions(
            String name, List<Design> designs, @Nullable Design named) {
        return designs.stream()
                .filter(design -> named == null || named.equals(design))
                .map(design -> (named == null ? design.slug() + ": " : "")
                        + description(own(design, name)))
                .toList();
    }

    private static String description(Option own) {
        return own.isFlag()
                ? own.words() + "."
                : own.words() + ", ${bundle:" + own.name() + "} (default: "
                        + own.range().text(own.byDefault()) + ").";
    }

    private static OptionSpec spec(Option option, List<String> descriptions) {
        OptionSpec.Builder spec = OptionSpec.builder(option.names().toArray(String[]::new))
                .description(descriptions.toArray(String[]::new))
                .hidden(descriptions.isEmpty());
        if (option.isFlag()) {
            return spec.type(boolean.class).build();
        }
        return spec.type(Long.class)
                .paramLabel(option.label())
                .preprocessor(new Numbers.Reader())
                .build();
    }

    /// Their values, once the command line was parsed.
    ///
    /// @param serve the command
    /// @param design that will serve
    /// @return what was given
    /// @throws ParameterException when the design has no such option
    static Settings of(CommandSpec serve, Design design) {
        Settings settings = Settings.DEFAULT;
        for (Map.Entry<String, List<Design>> each : designsByOption().entrySet()) {
            String name = each.getKey();
            if (serve.commandLine().getParseResult().hasMatchedOption(name)) {
                Option own = design.option(name)
                        .orElseThrow(() -> isAnothers(serve, name, design, each.getValue()));
                settings = own.isFlag()
                        ? settings.with(own)
                        : settings.with(own, serve.findOption(name).<Long>getValue());
            }
        }
        return settings;
    }

    private static ParameterException isAnothers(
            CommandSpec serve, String option, Design design, List<Design> theirs) {
        return new ParameterException(
                serve.commandLine(),
                option + " with " + design.slug() + ": it is an option of "
                        + theirs.stream().map(Design::slug).collect(Collectors.joining(" and "))
                        + " only. Leave it out, or serve with "
                        + (theirs.size() == 1 ? "that design" : "one of those"));
    }
}
