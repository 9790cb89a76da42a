import CZlib
import ServiceKit

/// Unpacks gzip (RFC 1952) piece by piece, also several members, as `cat a.gz b.gz` makes them. zlib's own `gzread` does
/// the same for files, but of a pipe it waits until its buffer is full, and it drops what follows the last member.
final class GzipDecoder {
    /// What is wrong with the bytes.
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    /// zlib keeps the stream's address.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    /// Whether bytes of a member have been taken, and not yet its end.
    private(set) var isInMember = false
    /// Whether a member has ended, behind which zeros may stand.
    private var isBehindMember = false

    /// Whether the first bytes of a file are those of gzip.
    static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B
    }

    init() {
        stream.initialize(to: z_stream())
        // 16 asks for gzip's wrapping and no other.
        let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib has no room for its window")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Unpacks as much of `packed` as there is room for, and says how many bytes it has taken and made.
    func decode(
        _ packed: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) throws(Malformed) -> (taken: Int, made: Int) {
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: packed.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(packed.count)
        stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room.count)
        // They may come in pieces as well.
        if isBehindMember { skipPadding() }
        while stream.pointee.avail_in > 0, stream.pointee.avail_out > 0 {
            (isInMember, isBehindMember) = (true, false)
            let status = inflate(stream, Z_NO_FLUSH)
            if status == Z_STREAM_END {
                (isInMember, isBehindMember) = (false, true)
                inflateReset(stream)
                skipPadding()
            } else if status != Z_OK, status != Z_BUF_ERROR {
                throw Malformed(description: stream.pointee.msg.map { String(cString: $0) } ?? "zlib's error \(status)")
            }
        }
        return (packed.count - Int(stream.pointee.avail_in), room.count - Int(stream.pointee.avail_out))
    }

    /// Zeros that fill up a block of a tape stand between members and behind the last one.
    private func skipPadding() {
        while stream.pointee.avail_in > 0, stream.pointee.next_in.pointee == 0 {
            stream.pointee.next_in += 1
            stream.pointee.avail_in -= 1
        }
    }
}
