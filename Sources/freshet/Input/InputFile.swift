import CZlib
import Foundation
import ServiceKit

/// The bytes of a file or of standard input (`-`), unpacked on the way where they are gzip (also several members, as
/// `cat a.gz b.gz` makes them).
final class InputFile {
    let name: String
    /// Bytes as they lie on the disk; nil where that is not known beforehand.
    let size: Int?
    private let file: gzFile
    /// What was read to look at the beginning, and not handed on yet.
    private var prefix: ArraySlice<UInt8> = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)

    init(_ path: String) throws {
        name = path == "-" ? "standard input" : path
        let descriptor = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure("\(path) cannot be opened: \(String(cString: strerror(errno)))", exitCode: 66)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            close(descriptor)
            throw CommandFailure("\(path) is a folder", remedy: "name the file in it", exitCode: 66)
        }
        size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
        guard let file = gzdopen(descriptor, "rb") else {
            close(descriptor)
            throw CommandFailure("\(path) cannot be read: out of memory", exitCode: 71)
        }
        self.file = file
        gzbuffer(file, 1 << 17)
    }

    deinit {
        gzclose(file)
        buffer.deallocate()
    }

    /// Bytes of the file, packed or not, that were taken so far.
    var position: Int { Int(gzoffset(file)) }

    /// The first bytes, at least a line of them where the file has one of at most 64 KB; `read` hands them on again.
    func peek() throws -> ArraySlice<UInt8> {
        while prefix.count < 1 << 16, let piece = try fill() {
            prefix.append(contentsOf: piece)
            // What a pipe has given so far is enough when it holds a line: more may take a while.
            if prefix.contains(UInt8(ascii: "\n")) { break }
        }
        return prefix
    }

    /// Hands on the next piece; false at the end.
    func read(_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        if !prefix.isEmpty {
            let bytes = prefix
            prefix = []
            try bytes.withUnsafeBytes(body)
            return true
        }
        guard let piece = try fill() else { return false }
        try body(piece)
        return true
    }

    private func fill() throws -> UnsafeRawBufferPointer? {
        let count = gzread(file, buffer.baseAddress, UInt32(buffer.count))
        guard count >= 0 else {
            var code: Int32 = 0
            let text = gzerror(file, &code).map { String(cString: $0) } ?? "unknown error"
            throw CommandFailure("\(name) cannot be read: \(text)", exitCode: 74)
        }
        // The end of a packed file before the end of what is packed in it.
        var code: Int32 = 0
        _ = gzerror(file, &code)
        guard count > 0 || code != Z_BUF_ERROR else {
            throw CommandFailure(
                "\(name) ends in the middle of its gzip data", remedy: "was it copied whole?", exitCode: 74)
        }
        return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<Int(count)])
    }
}
