// SPDX-License-Identifier: MIT
package csdesign.bench;

import tools.jackson.core.JsonGenerator;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;

/// How records become JSON.
public final class Json {
    /// The level of the members of a row. What lies deeper, a spread or a whole window, stands in
    /// one line: so a new measurement changes hundreds of lines and not ten thousand.
    private static final int DEEPEST_LINES = 4;

    /// Members stand in the order of the record; the names of enums in lower case.
    public static final JsonMapper MAPPER = JsonMapper.builder()
            .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .defaultPrettyPrinter(new Shallow())
            .enable(EnumFeature.WRITE_ENUMS_TO_LOWERCASE)
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .build();

    /// The same in one line.
    static final JsonMapper LINE = MAPPER.rebuild()
            .disable(SerializationFeature.INDENT_OUTPUT)
            .build();

    /// The same for what another program tells: it must not leave a member out.
    static final JsonMapper WHOLE = LINE.rebuild()
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .build();

    private Json() {}

    /// A line for each member, down to [#DEEPEST_LINES].
    private static final class Shallow extends DefaultPrettyPrinter {
        private static final long serialVersionUID = 1L;

        private Shallow() {
            DefaultIndenter lines = new DefaultIndenter("  ", "\n") {
                @Override
                public void writeIndentation(JsonGenerator out, int level) {
                    if (level <= DEEPEST_LINES) {
                        super.writeIndentation(out, level);
                    } else {
                        out.writeRaw(' ');
                    }
                }
            };
            indentObjectsWith(lines);
            indentArraysWith(lines);
        }

        /// One for each text that is written: it knows how deep it is.
        @Override
        public DefaultPrettyPrinter createInstance() {
            return new Shallow();
        }

        @Override
        public void writeEndObject(JsonGenerator out, int members) {
            if (_nesting > DEEPEST_LINES) { // its members stand in this line
                _nesting--;
                out.writeRaw(members == 0 ? "}" : " }");
            } else {
                super.writeEndObject(out, members);
            }
        }
    }
}
