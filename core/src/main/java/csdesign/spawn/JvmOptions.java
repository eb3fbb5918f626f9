// SPDX-License-Identifier: MIT
package csdesign.spawn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// What an environment adds to the options of every JVM that is started in it. It is not
/// on any command line, and a child inherits it.
///
/// @param variables those that are set, by name, as the system has them
public record JvmOptions(Map<String, String> variables) {
    /// The variables that a JVM or its launcher reads, the later ones over the earlier.
    public static final List<String> VARIABLES = List.of(
            "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

    /// Chooses the collector, or is a file that may do so. Two of them end a JVM:
    /// "Multiple garbage collectors selected".
    static final Pattern COLLECTOR = Pattern.compile(
            "^-XX:\\+Use\\w*GC$|^-XX:Flags=|^-XX:VMOptionsFile=|^@");

    /// Decides how a JVM collects, compiles, and how large its heap is.
    private static final Pattern DECIDES = Pattern.compile(
            COLLECTOR + "|^-Xint$|^-Xcomp$|^-Xm[nsx]|^-XX:[+-]?\\w*(HeapSize|NewSize|NewRatio"
                    + "|RAMPercentage|RAMFraction|MaxRAM)");

    /// Only one process can have what it names: a port, or a file that each would write.
    private static final List<Pattern> FOR_ONE = List.of(
            Pattern.compile("^(-agentlib:|-agentpath:\\S*|-Xrun)(lib)?jdwp"), // a debugger's port
            Pattern.compile("^-Dcom\\.sun\\.management\\.(\\S*port|config\\.file)="),
            // JVMs replace %p by the process ID, %t by the time: then each has its own file.
            Pattern.compile("^-XX:StartFlightRecording[:=](?!.*%[pt]).*filename="),
            Pattern.compile("^-Xlog:[^:]*:(?!stdout|stderr|:)(?!.*%[pt])"),
            Pattern.compile("^-(Xloggc:|XX:LogFile=)(?!.*%[pt])"),
            // An archive of classes, made when the JVM ends.
            Pattern.compile("^-XX:(ArchiveClassesAtExit|DumpLoadedClassList|AOTCacheOutput"
                    + "|\\+AutoCreateSharedArchive|AOTMode=(record|create)|AOTConfiguration=)"));

    /// A word as these variables write it: quotes hold blanks, and nothing escapes them.
    private static final Pattern WORD = Pattern.compile("(?:[^\\s\"']|\"[^\"]*\"|'[^']*')+");

    /// Those of this process.
    ///
    /// @return as it was started with
    public static JvmOptions here() {
        return of(System.getenv());
    }

    /// Those of an environment.
    ///
    /// @param environment all its variables
    /// @return those that count for a JVM
    static JvmOptions of(Map<String, String> environment) {
        Map<String, String> set = new LinkedHashMap<>();
        for (String name : VARIABLES) {
            String value = environment.get(name);
            if (value != null && !value.isBlank()) {
                set.put(name, value);
            }
        }
        return new JvmOptions(set);
    }

    /// Each option.
    ///
    /// @return without its quotes, in the order in which they count
    public List<String> words() {
        return variables.values().stream().flatMap(value -> rawWords(value).stream())
                .map(JvmOptions::unquoted).toList();
    }

    /// What is left of them.
    ///
    /// @param kept which options
    /// @return a variable that has none left is not there
    public JvmOptions only(Predicate<String> kept) {
        Map<String, String> left = new LinkedHashMap<>();
        variables.forEach((name, value) -> {
            String words = rawWords(value).stream().filter(word -> kept.test(unquoted(word)))
                    .collect(Collectors.joining(" "));
            if (!words.isEmpty()) {
                left.put(name, words);
            }
        });
        return new JvmOptions(left);
    }

    /// Whether only one process can have it: a debugger's port, say.
    ///
    /// @param option of a JVM
    /// @return true for what a child must not be given
    public static boolean isForOne(String option) {
        return FOR_ONE.stream().anyMatch(pattern -> pattern.matcher(option).find());
    }

    /// Whether it decides how a JVM collects or compiles, and how large its heap is.
    ///
    /// @param option of a JVM
    /// @return false for what leaves that as it is
    public static boolean decides(String option) {
        return DECIDES.matcher(option).find();
    }

    /// For a person.
    ///
    /// @return `JAVA_TOOL_OPTIONS=-Xint`, or several of them
    @Override
    public String toString() {
        return variables.entrySet().stream().map(set -> set.getKey() + "=" + set.getValue())
                .collect(Collectors.joining(", "));
    }

    private static List<String> rawWords(String value) {
        List<String> words = new ArrayList<>();
        for (Matcher word = WORD.matcher(value); word.find();) {
            words.add(word.group());
        }
        return words;
    }

    private static String unquoted(String word) {
        return word.replaceAll("[\"']", "");
    }
}
