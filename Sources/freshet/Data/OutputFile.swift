internal import Foundation
internal import ServiceKit

/// A file that is written in pieces, or standard output (`-`).
final class OutputFile {
    private let handle: FileHandle
    private let name: String
    private var bytes: [UInt8] = []

    init(_ path: String) throws {
        name = path == "-" ? "standard output" : path
        if path == "-" {
            handle = .standardOutput
            return
        }
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw CommandFailure("cannot write '\(path)'", remedy: "name a folder that is there", exitCode: 73) }
        self.handle = handle
    }

    /// Lets the closure append bytes, and writes them where many have come together.
    func write(_ append: (inout [UInt8]) -> Void) throws {
        append(&bytes)
        if bytes.count > 1 << 18 { try flush() }
    }

    /// Call once, at the end.
    func finish() throws { try flush() }

    private func flush() throws {
        do {
            try handle.write(contentsOf: bytes)
        } catch {
            throw CommandFailure("cannot write \(name): \(error.localizedDescription)", exitCode: 74)
        }
        bytes.removeAll(keepingCapacity: true)
    }
}
