// SPDX-License-Identifier: MIT
package csdesign.bench;

import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;

/// How records become JSON.
public final class Json {
    /// Members stand in the order of the record, one to a line; the names of enums in lower case.
    public static final JsonMapper MAPPER = JsonMapper.builder()
            .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(EnumFeature.WRITE_ENUMS_TO_LOWERCASE)
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .build();

    /// The same in one line.
    static final JsonMapper LINE = MAPPER.rebuild()
            .disable(SerializationFeature.INDENT_OUTPUT)
            .build();

    private Json() {}
}
