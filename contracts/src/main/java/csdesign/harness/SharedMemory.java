// SPDX-License-Identifier: MIT
package csdesign.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What servers could leave in `/dev/shm`.
public final class SharedMemory {
    private SharedMemory() {}

    public static Set<Path> ourFiles() throws IOException {
        Path memory = Path.of("/dev/shm");
        if (!Files.isDirectory(memory)) {
            return Set.of();
        }
        try (Stream<Path> files = Files.list(memory)) {
            return files.filter(file -> file.getFileName().toString().startsWith("csdesign-"))
                    .collect(Collectors.toSet());
        }
    }
}
