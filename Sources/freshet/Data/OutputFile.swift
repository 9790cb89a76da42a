internal import Foundation
internal import ServiceKit

/// A file that is written in pieces, or standard output (`-`).
///
/// What goes to a file is whole or not there: it grows beside it under a name of its own, and takes the file's place at the
/// end. So the file may be the very one that is read meanwhile. Devices and pipes are written to as they are.
final class OutputFile {
    private let handle: FileHandle
    private let name: String
    private var bytes: [UInt8] = []
    /// Where it grows, and whose place it takes; nil where the bytes go to their place at once.
    private let growing: (path: String, target: String)?
    private var isFinished = false

    init(_ path: String) throws {
        name = path == "-" ? "standard output" : path
        guard path != "-" else {
            (handle, growing) = (.standardOutput, nil)
            return
        }
        var status = stat()
        let isThere = stat(path, &status) == 0
        if isThere, status.st_mode & S_IFMT != S_IFREG {
            handle = try Self.open(path, O_WRONLY | O_CLOEXEC, name: path)
            growing = nil
            return
        }
        // A link stays one, and what it names is replaced.
        let target = Self.following(path)
        let parts = URL(fileURLWithPath: target)
        let temporary = parts.deletingLastPathComponent().path + "/.\(parts.lastPathComponent).\(UUID().uuidString)"
        handle = try Self.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, name: path)
        if isThere { fchmod(handle.fileDescriptor, status.st_mode & 0o7777) }
        growing = (temporary, target)
        UnfinishedFile.begin(temporary)
    }

    deinit {
        guard let growing, !isFinished else { return }
        unlink(growing.path)
        UnfinishedFile.end()
    }

    /// Lets the closure append bytes, and writes them where many have come together.
    func write(_ append: (inout [UInt8]) -> Void) throws {
        append(&bytes)
        if bytes.count > 1 << 18 { try flush() }
    }

    /// Call once, at the end: without it nothing was written.
    func finish() throws {
        try flush()
        guard let growing else { return }
        guard fsync(handle.fileDescriptor) == 0, rename(growing.path, growing.target) == 0 else {
            throw CommandFailure("cannot write \(name): \(String(cString: strerror(errno)))", exitCode: 74)
        }
        isFinished = true
        UnfinishedFile.end()
    }

    /// A file with this text.
    static func write(_ text: String, to path: String) throws {
        let file = try OutputFile(path)
        try file.write { $0 += text.utf8 }
        try file.finish()
    }

    /// Says on standard error what was written.
    func report(_ what: String) {
        LineOutput.standardError.write(line: "\(what) written to \(name)")
    }

    private func flush() throws {
        if let code = writeAll(bytes, to: handle.fileDescriptor) {
            if code == EPIPE { throw ReaderGone() }
            throw CommandFailure("cannot write \(name): \(String(cString: strerror(code)))", exitCode: 74)
        }
        bytes.removeAll(keepingCapacity: true)
    }

    private static func open(_ path: String, _ flags: Int32, name: String) throws -> FileHandle {
        let descriptor = Foundation.open(path, flags, 0o666)
        guard descriptor >= 0 else {
            throw CommandFailure(
                "cannot write '\(name)': \(String(cString: strerror(errno)))",
                remedy: "name a file in a folder that is there and may be written to", exitCode: 73)
        }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// What a path names behind all links, also where that is not there.
    private static func following(_ path: String) -> String {
        var path = path
        // As many as the kernel follows.
        for _ in 0..<40 {
            guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
            path = URL(fileURLWithPath: next, relativeTo: URL(fileURLWithPath: path)).path
        }
        return path
    }
}

extension OutputFile {
    /// Refuses a path before what is to be written has cost minutes: one that cannot be written, and a file that is there,
    /// unless it may be replaced. A picture may always be: commands draw theirs again and again.
    static func check(_ path: String?, replaces: Bool) throws {
        guard let path, path != "-" else { return }
        func refusal(_ why: String) -> CommandFailure {
            CommandFailure("cannot write '\(path)': \(why)", exitCode: 73)
        }
        guard !path.hasSuffix(".gz") else {
            throw CommandFailure(
                "'\(path)' would not be packed", remedy: "name it without .gz, and pack it afterwards", exitCode: 73)
        }
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT != S_IFDIR else { throw refusal("it is a folder") }
            guard access(path, W_OK) == 0 else { throw refusal("this user may not change it") }
            guard status.st_mode & S_IFMT == S_IFREG else { return }
            guard replaces || path.hasSuffix(".svg") else {
                throw CommandFailure("'\(path)' is there already", remedy: "--force writes over it", exitCode: 73)
            }
        }
        let folder = URL(fileURLWithPath: following(path)).deletingLastPathComponent().path
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw refusal("there is no folder \(folder)")
        }
        guard access(folder, W_OK) == 0 else { throw refusal("this user may not write in \(folder)") }
    }
}

/// The file that this process is about to write: who interrupts a command shall not find half a file.
private enum UnfinishedFile {
    // Set before the signals are caught, and read by the handler alone.
    nonisolated(unsafe) private static var path: UnsafeMutablePointer<CChar>?

    static func begin(_ path: String) {
        end()
        self.path = strdup(path)
        for number in [SIGINT, SIGTERM] { signal(number, removeUnfinishedFile) }
    }

    static func end() {
        guard let known = path else { return }
        Signals.endByDefault()
        path = nil
        free(known)
    }

    static func remove() { if let path { unlink(path) } }
}

/// A file-scope constant, since C calls it.
private let removeUnfinishedFile: @convention(c) (Int32) -> Void = { number in
    UnfinishedFile.remove()
    // The first process of a container would outlive what comes by default.
    if getpid() == 1 { _exit(128 + number) }
    signal(number, SIG_DFL)
    raise(number)
}
