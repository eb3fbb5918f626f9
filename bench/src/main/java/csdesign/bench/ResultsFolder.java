// SPDX-License-Identifier: MIT
package csdesign.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import csdesign.kit.Nullable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/// The folder of one bench's results, claimed before anything is measured: no other bench writes
/// there, and no result is ever replaced.
///
/// The claim is a lock on `results.json.part`, which the kernel gives up when the process ends,
/// however that ends. At the end the file becomes `results.json`; where there are no results, it
/// is removed, and with it the folders that were made for it.
public final class ResultsFolder implements AutoCloseable {
    private static final String JSON = "results.json";
    private static final String CSV = "results.csv";
    private static final String HISTOGRAMS = "histograms.hlog";
    private static final String PART = ".part";
    private static final DateTimeFormatter TIME = DateTimeFormatter
            .ofPattern("yyyy-MM-dd'T'HH-mm-ss", Locale.ROOT);

    /// A file that is by chance as large as another one of this size: one in so many.
    private static final int MOST_MARK_BYTES = 1 << 16;

    /// How often another bench may remove what it made between two steps of this one.
    private static final int MOST_TRIES = 100;

    /// What a window takes in all files, and more: 3 KiB were the most until now.
    private static final long WINDOW_BYTES = 8 * 1024;

    /// What all else takes.
    private static final long OTHER_BYTES = 64 * 1024;

    private final Path folder;
    private final List<Path> made;
    private final FileChannel claim;
    private boolean kept;

    private ResultsFolder(Path folder, List<Path> made, FileChannel claim) {
        this.folder = folder;
        this.made = List.copyOf(made);
        this.claim = claim;
    }

    /// The results have no place.
    public static final class UnusableException extends IOException {
        private static final long serialVersionUID = 1L;

        private UnusableException(String name, String why, Exception cause) {
            super("--out is '" + name + "': cannot be written (" + why + "); name another folder",
                    cause);
        }
    }

    /// Claims the folder of a bench, and tries whether it has room for all results: minutes of work
    /// must not end in a folder that cannot be written, or that has another result.
    ///
    /// @param name as a user gave it; null for `results/` and the time
    /// @param began when the bench began
    /// @param windows how many will be measured
    /// @return the claim
    /// @throws UnusableException when that cannot be: with the reason and the remedy
    static ResultsFolder claim(@Nullable String name, Instant began, long windows)
            throws UnusableException {
        String usual = "results/" + TIME.format(began.atZone(ZoneId.systemDefault()));
        String text = name != null ? name : usual;
        try {
            if (text.indexOf('\uFFFD') >= 0 || !isReadable(Path.of(text))) {
                throw new IOException(
                        "the name is no text in this locale's encoding, "
                                + System.getProperty("sun.jnu.encoding")
                                + "; ./csdesign sets LC_ALL=C.UTF-8");
            }
            ResultsFolder folder = name != null ? named(Path.of(text)) : fresh(Path.of(text));
            try {
                folder.tryToWrite(windows);
            } catch (IOException e) {
                folder.close();
                throw e;
            }
            return folder;
        } catch (IOException e) {
            throw new UnusableException(text, reason(e), e);
        } catch (InvalidPathException e) {
            throw new UnusableException(text, String.valueOf(e.getMessage()), e);
        }
    }

    /// A JVM reads the name of the folder that it was started in by the locale's encoding, and
    /// resolves a relative name against what it has read.
    private static boolean isReadable(Path named) {
        return named.isAbsolute() || Files.exists(Path.of("").toAbsolutePath());
    }

    /// Claims a folder that a user named: a new one, or one without results.
    ///
    /// @param folder where
    /// @return the claim
    /// @throws IOException with a sentence, when it has results, another bench has claimed it, or
    ///     it cannot be written
    public static ResultsFolder named(Path folder) throws IOException {
        for (int i = 0; i < MOST_TRIES; i++) {
            List<Path> missing = missing(folder);
            try {
                boolean isNew = make(folder);
                return claim(folder, isNew ? missing : withoutFirst(missing));
            } catch (NoSuchFileException raced) {
                // Another bench has just removed what it had made.
            } catch (IOException e) {
                remove(missing);
                throw e;
            }
        }
        throw new IOException("other programs remove it again and again");
    }

    /// Claims a new folder.
    ///
    /// @param folder the name to try first; then `-2` is added to it, and so on
    /// @return the claim
    /// @throws IOException when it cannot be written
    public static ResultsFolder fresh(Path folder) throws IOException {
        Path next = folder;
        for (int number = 2, tries = 0; tries < MOST_TRIES;) {
            List<Path> missing = missing(next);
            try {
                if (make(next)) {
                    return claim(next, missing);
                }
                next = folder.resolveSibling(folder.getFileName() + "-" + number++);
            } catch (NoSuchFileException raced) {
                tries++;
            } catch (IOException e) {
                remove(missing);
                throw e;
            }
        }
        throw new IOException("other programs remove it again and again");
    }

    /// It and its parents, as far as they are not there; innermost first.
    private static List<Path> missing(Path folder) {
        return Stream.iterate(folder.toAbsolutePath(), Objects::nonNull, Path::getParent)
                .takeWhile(each -> !Files.exists(each))
                .toList();
    }

    private static List<Path> withoutFirst(List<Path> folders) {
        return folders.isEmpty() ? folders : folders.subList(1, folders.size());
    }

    /// @return false when it was there
    private static boolean make(Path folder) throws IOException {
        Path parent = folder.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        try {
            Files.createDirectory(folder);
            return true;
        } catch (FileAlreadyExistsException there) {
            if (!Files.isDirectory(folder)) {
                throw new IOException("it is no folder", there);
            }
            return false;
        }
    }

    private static ResultsFolder claim(Path folder, List<Path> made) throws IOException {
        Path part = folder.resolve(JSON + PART);
        FileChannel channel = FileChannel.open(
                part, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            lock(channel, part);
            for (String file : List.of(JSON, CSV, HISTOGRAMS)) {
                if (Files.exists(folder.resolve(file))) {
                    Files.delete(part);
                    throw new IOException(
                            "it has a " + file + " already, and no result is ever replaced");
                }
            }
            return new ResultsFolder(folder, made, channel);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /// Locks it, unless another bench has. One that had it may have removed it meanwhile: then
    /// this is no file of the folder any more, and the size that it gets here is not seen there.
    /// (To open it once more would tell more, and end the lock: closing any descriptor of a file
    /// does, see fcntl(2).)
    private static void lock(FileChannel channel, Path part) throws IOException {
        boolean isOurs;
        try {
            isOurs = channel.tryLock() != null;
        } catch (OverlappingFileLockException thisVeryProgram) {
            isOurs = false;
        }
        if (!isOurs) {
            throw new IOException("another bench writes its results there");
        }
        int size = ThreadLocalRandom.current().nextInt(1, MOST_MARK_BYTES);
        try {
            channel.truncate(0);
            write(channel, "x".repeat(size));
        } catch (IOException full) {
            Files.deleteIfExists(part);
            throw full;
        }
        if (Files.size(part) != size) {
            throw new NoSuchFileException(part.toString());
        }
    }

    /// Where it is.
    ///
    /// @return the folder
    public Path folder() {
        return folder;
    }

    /// Writes as much as results could need, and takes it away again: minutes of work must not
    /// end on a disk that is full already.
    ///
    /// @param windows how many will be measured
    /// @throws IOException with a sentence, when that cannot be written
    public void tryToWrite(long windows) throws IOException {
        ByteBuffer filler = ByteBuffer.wrap("x".repeat((int) OTHER_BYTES).getBytes(UTF_8));
        long bytes = OTHER_BYTES + windows * WINDOW_BYTES;
        try {
            for (long written = 0; written < bytes; written += filler.capacity()) {
                filler.rewind();
                while (filler.hasRemaining()) {
                    claim.write(filler);
                }
            }
            claim.force(true); // some file systems tell only now
            claim.truncate(0);
        } catch (IOException e) {
            throw new IOException(
                    "the results could need " + bytes / 1024 + " KiB: " + reason(e), e);
        }
    }

    /// Writes `results.json`, `results.csv` and `histograms.hlog`: all, or none.
    ///
    /// @param results of the bench
    /// @param histograms of its windows
    /// @throws IOException when they cannot be written; nothing half-made is left then
    public void keep(Results results, List<LatencyHistogram> histograms) throws IOException {
        try {
            write(CSV, Csv.of(results));
            write(HISTOGRAMS, LatencyHistogram.log(results.date(), histograms));
            claim.truncate(0).position(0);
            write(claim, results.json() + "\n");
            claim.force(true);
            for (String file : List.of(CSV, HISTOGRAMS, JSON)) { // a move does not replace
                Files.move(folder.resolve(file + PART), folder.resolve(file));
            }
            kept = true;
        } finally {
            if (!kept) {
                for (String file : List.of(CSV, HISTOGRAMS)) {
                    Files.deleteIfExists(folder.resolve(file + PART));
                    Files.deleteIfExists(folder.resolve(file)); // there was none before
                }
            }
        }
    }

    private void write(String file, String text) throws IOException {
        try (FileChannel channel = FileChannel.open(
                folder.resolve(file + PART),
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
            write(channel, text);
            channel.force(true);
        }
    }

    private static void write(FileChannel channel, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /// Why something cannot be written, without its path, which the sentence around has.
    ///
    /// @param e from a file
    /// @return a few words
    public static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException _ -> "permission denied";
            case FileAlreadyExistsException there -> there.getFile() + " is there already";
            case FileSystemException named when named.getReason() != null -> named.getReason();
            default -> String.valueOf(e.getMessage());
        };
    }

    private static void remove(List<Path> folders) {
        for (Path each : folders) {
            try {
                Files.deleteIfExists(each);
            } catch (IOException inUse) {
                return; // by another bench, or the user
            }
        }
    }

    /// Gives the claim up; without results nothing is left.
    @Override
    public void close() throws IOException {
        try (claim) {
            if (!kept) {
                Files.deleteIfExists(folder.resolve(JSON + PART));
                remove(made);
            }
        }
    }
}
