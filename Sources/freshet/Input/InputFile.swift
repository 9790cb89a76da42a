import Foundation
import ServiceKit

/// The bytes of a file or of standard input (`-`), unpacked on the way where they are gzip (also several members, as
/// `cat a.gz b.gz` makes them).
final class InputFile {
    let name: String
    /// Bytes as they lie on the disk; nil where that is not known beforehand.
    let size: Int?
    /// Bytes of the file, packed or not, that were received so far.
    private var position = 0
    /// How many of them what was handed on came from.
    var consumed: Int { position - waiting.count }
    private let descriptor: Int32
    /// Nil where the bytes are not packed.
    private var decoder: GzipDecoder?
    /// What was read to look at the beginning, and not handed on yet.
    private var prefix: ArraySlice<UInt8> = []
    /// What has come of the file, and not been handed on or unpacked yet.
    private var waiting = 0..<0
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
    private let unpacked = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)

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
        self.descriptor = descriptor
        while waiting.count < 2, try receive() {}
        if GzipDecoder.begins(received) { decoder = GzipDecoder() }
    }

    deinit {
        close(descriptor)
        buffer.deallocate()
        unpacked.deallocate()
    }

    /// The first bytes, at least a line that is not empty where the file has one of at most 64 KB; `read` hands them on again.
    func peek() throws -> ArraySlice<UInt8> {
        while prefix.count < 1 << 16, let piece = try fill() {
            prefix.append(contentsOf: piece)
            let line = prefix.drop { $0 <= UInt8(ascii: " ") }
            if line.contains(UInt8(ascii: "\n")) { break }
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

    /// The next bytes, unpacked; nil at the end.
    private func fill() throws -> UnsafeRawBufferPointer? {
        guard let decoder else {
            guard try !waiting.isEmpty || receive() else { return nil }
            defer { waiting = 0..<0 }
            return received
        }
        while true {
            let (taken, made) = try unpack(decoder)
            waiting = (waiting.lowerBound + taken)..<waiting.upperBound
            if made > 0 { return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(unpacked)[..<made]) }
            guard try waiting.isEmpty && !receive() else { continue }
            guard decoder.isInMember else { return nil }
            throw CommandFailure(
                "\(name) ends in the middle of its gzip data", remedy: "was it copied whole?", exitCode: 74)
        }
    }

    private func unpack(_ decoder: GzipDecoder) throws -> (taken: Int, made: Int) {
        do {
            return try decoder.decode(received, into: unpacked)
        } catch {
            throw CommandFailure(
                "\(name) is damaged gzip: \(error), in the \(HumanFormat.grouped(position)) bytes read so far",
                remedy: "was it copied whole? `gzip -t` looks for the place", exitCode: 74)
        }
    }

    private var received: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[waiting])
    }

    /// Waits for more bytes and puts them behind those that wait: of a pipe, what it has, since more may take a while.
    /// - Returns: false at the end.
    private func receive() throws -> Bool {
        if waiting.isEmpty { waiting = 0..<0 }
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[waiting.upperBound...])
        while true {
            let count = Foundation.read(descriptor, room.baseAddress, room.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw CommandFailure("\(name) cannot be read: \(String(cString: strerror(errno)))", exitCode: 74)
            }
            position += count
            waiting = waiting.lowerBound..<(waiting.upperBound + count)
            return count > 0
        }
    }
}
