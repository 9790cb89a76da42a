/// Reads what `ByteWriter` wrote. Bytes that are not such a record give an error, never a crash: internal topics can be
/// damaged, or written by a later version.
@frozen
public struct ByteReader {
    /// The bytes are no such record, or end too soon.
    public struct Malformed: Error, CustomStringConvertible {
        /// The byte about which that was found.
        public let offset: Int
        public init(offset: Int) { self.offset = offset }
        public var description: String { "malformed record at byte \(offset)" }
    }

    @usableFromInline let bytes: UnsafeRawBufferPointer
    /// The bytes read so far.
    public var offset = 0

    /// Reads from the first of these bytes, which have to outlive the reader.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    @inlinable
    public var isAtEnd: Bool { offset == bytes.count }

    @inlinable
    public mutating func byte() throws -> UInt8 {
        guard offset < bytes.count else { throw Malformed(offset: offset) }
        defer { offset += 1 }
        return bytes[offset]
    }

    /// A number of up to 64 bits in LEB128, as `ByteWriter.varint` writes it.
    @inlinable @inline(__always)
    public mutating func varint() throws -> UInt64 {
        // Most numbers take one byte, nearly all others two or three.
        if offset < bytes.count, bytes[offset] < 0x80 {
            offset &+= 1
            return UInt64(bytes[offset &- 1])
        }
        if offset &+ 2 < bytes.count {
            let (first, second, third) = (bytes[offset], bytes[offset &+ 1], bytes[offset &+ 2])
            let low = UInt64(first & 0x7F) | UInt64(second & 0x7F) << 7
            if second < 0x80 {
                offset &+= 2
                return low
            }
            if third < 0x80 {
                offset &+= 3
                return low | UInt64(third) << 14
            }
        }
        return try longVarint()
    }

    @inline(never)
    @usableFromInline
    mutating func longVarint() throws -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var place = offset
        while place < bytes.count {
            let next = bytes[place]
            place &+= 1
            guard shift < 63 || next <= 1 else { throw Malformed(offset: place) }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 {
                offset = place
                return value
            }
            shift += 7
        }
        throw Malformed(offset: place)
    }

    /// A count that cannot be larger than `limit`; every element takes at least one byte of what is left by default.
    @inlinable
    public mutating func count(limit: Int? = nil) throws -> Int {
        let value = try varint()
        guard value <= UInt64(limit ?? (bytes.count - offset)) else { throw Malformed(offset: offset) }
        return Int(value)
    }

    /// A signed number, as `ByteWriter.signed` writes it (zigzag).
    @inlinable
    public mutating func signed() throws -> Int64 {
        let value = try varint()
        return Int64(bitPattern: (value >> 1)) ^ -Int64(bitPattern: value & 1)
    }

    /// A time in ms since 1970 that lies `base` plus a signed distance, within what an event may have.
    @inlinable
    public mutating func time(from base: Int64 = 0, sign: Int64 = 1) throws -> Int64 {
        let distance = try signed()
        // Both terms are bounded before they are added, so nothing overflows.
        guard distance.magnitude <= UInt64(EventTime.end) else { throw Malformed(offset: offset) }
        let time = base + sign * distance
        guard time >= 0, time < EventTime.end else { throw Malformed(offset: offset) }
        return time
    }

    /// An offset in a log.
    @inlinable
    public mutating func logOffset() throws -> Int64 {
        guard let value = Int64(exactly: try varint()) else { throw Malformed(offset: offset) }
        return value
    }

    /// A value as it lies in memory, little-endian, at any address. Every pattern of its bits has to be one of its
    /// values.
    @inlinable
    public mutating func fixed<T: BitwiseCopyable>(_ type: T.Type) throws -> T {
        guard bytes.count - offset >= MemoryLayout<T>.size else { throw Malformed(offset: offset) }
        defer { offset += MemoryLayout<T>.size }
        return bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
    }

    /// The bits of a Double: infinities and NaN come through.
    @inlinable
    public mutating func double() throws -> Double { Double(bitPattern: try fixed(UInt64.self)) }

    /// The next `count` bytes, not copied: valid as long as those that are read.
    @inlinable
    public mutating func raw(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count >= 0, bytes.count - offset >= count else { throw Malformed(offset: offset) }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
    }

    /// Numbers as they lie in memory, little-endian.
    @inlinable
    public mutating func array<T: BitwiseCopyable>(count: Int) throws -> [T] {
        let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<T>.stride)
        guard !overflow else { throw Malformed(offset: offset) }
        let bytes = try raw(size)
        return Array(unsafeUninitializedCapacity: count) { buffer, initialized in
            if let source = bytes.baseAddress, let target = buffer.baseAddress {
                UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: size)
            }
            initialized = count
        }
    }

    /// Bytes with their length before them, not copied.
    @inlinable
    public mutating func counted() throws -> UnsafeRawBufferPointer { try raw(try count()) }
}
