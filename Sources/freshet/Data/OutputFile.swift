internal import Foundation
internal import ServiceKit

/// A file that is written in pieces, or standard output (`-`).
final class OutputFile {
    private let handle: FileHandle
    private let name: String
    private var bytes: [UInt8] = []

    /// What is there may have cost minutes: a command with `force` asks this first, before its own work costs some.
    /// Devices and pipes are there to be written to.
    static func refusePresent(_ path: String) throws {
        var status = stat()
        guard path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
        throw CommandFailure("'\(path)' is there already", remedy: "--force writes over it", exitCode: 73)
    }

    init(_ path: String) throws {
        name = path == "-" ? "standard output" : path
        if path == "-" {
            handle = .standardOutput
            return
        }
        // FileManager would put a new file in the place of a link, a pipe or a device.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw CommandFailure(
                "cannot write '\(path)': \(String(cString: strerror(errno)))",
                remedy: "name a file in a folder that is there and may be written to", exitCode: 73)
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Lets the closure append bytes, and writes them where many have come together.
    func write(_ append: (inout [UInt8]) -> Void) throws {
        append(&bytes)
        if bytes.count > 1 << 18 { try flush() }
    }

    /// Call once, at the end.
    func finish() throws { try flush() }

    /// Says on standard error what was written.
    func report(_ what: String) {
        LineOutput.standardError.write(line: "\(what) written to \(name)")
    }

    private func flush() throws {
        do {
            try handle.write(contentsOf: bytes)
        } catch {
            throw CommandFailure("cannot write \(name): \(error.localizedDescription)", exitCode: 74)
        }
        bytes.removeAll(keepingCapacity: true)
    }
}
