/// A growing buffer for records: JSON (`JSONText`) and the binary formats of the internal topics, which are little-endian
/// with LEB128 varints.
///
/// Reused from record to record: `removeAll` keeps the memory. One writer serves one thread, and none of its methods calls
/// back, so its fields go without run-time checks of exclusive access, which would cost more than what they guard.
public final class ByteWriter {
    @exclusivity(unchecked) @usableFromInline var base: UnsafeMutablePointer<UInt8>
    @exclusivity(unchecked) @usableFromInline var capacity: Int
    @exclusivity(unchecked) @usableFromInline var used = 0

    /// How many bytes were written.
    @inlinable
    public var count: Int { used }

    /// - Parameter capacity: bytes to have room for at once; the buffer doubles where more are written.
    public init(capacity: Int = 4096) {
        self.capacity = max(capacity, 16)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// What was written; valid until the next write.
    @inlinable
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: used) }

    /// What was written from a place on; valid until the next write.
    @inlinable
    public func bytes(from start: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + start, count: used - start)
    }

    /// A part of what was written; valid until the next write.
    @inlinable
    public func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    @inlinable
    public func removeAll() { used = 0 }

    /// Takes back what was written behind the first `length` bytes.
    @inlinable
    public func truncate(to length: Int) { used = min(used, length) }

    @inlinable @inline(__always)
    public func byte(_ value: UInt8) {
        reserve(1)
        base[used] = value
        used += 1
    }

    /// A number in LEB128: seven bits a byte, the lowest first, ten bytes at most.
    @inlinable
    public func varint(_ value: UInt64) {
        reserve(10)
        var rest = value
        var end = base + used
        while rest >= 0x80 {
            end.pointee = UInt8(truncatingIfNeeded: rest) | 0x80
            end += 1
            rest >>= 7
        }
        end.pointee = UInt8(truncatingIfNeeded: rest)
        used = end - base + 1
    }

    /// The same for a count; traps below 0.
    @inlinable
    public func varint(_ value: Int) { varint(UInt64(value)) }

    /// A signed number, small absolute values short (zigzag).
    @inlinable
    public func signed(_ value: Int64) { varint(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

    /// A value as it lies in memory, little-endian.
    @inlinable
    public func fixed<T: BitwiseCopyable>(_ value: T) {
        reserve(MemoryLayout<T>.size)
        UnsafeMutableRawPointer(base + used).storeBytes(of: value, as: T.self)
        used += MemoryLayout<T>.size
    }

    @inlinable
    public func double(_ value: Double) { fixed(value.bitPattern) }

    /// Raw bytes without their length.
    @inlinable @inline(__always)
    public func raw(_ source: UnsafeRawBufferPointer) {
        reserve(source.count)
        if let from = source.baseAddress {
            UnsafeMutableRawPointer(base + used).copyMemory(from: from, byteCount: source.count)
        }
        used += source.count
    }

    /// Bytes with their length before them.
    @inlinable
    public func counted(_ source: UnsafeRawBufferPointer) {
        varint(source.count)
        raw(source)
    }

    /// The UTF-8 of a literal, without its length, quotes or escapes.
    @inlinable @inline(__always)
    public func text(_ value: StaticString) {
        raw(UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    }

    /// For text that is not a literal; literals go the quicker way above.
    @inlinable @_disfavoredOverload
    public func text(_ value: String) {
        var value = value
        value.withUTF8 { raw(UnsafeRawBufferPointer($0)) }
    }

    /// Makes room for so many more bytes at once.
    @inlinable @inline(__always)
    public func reserve(_ more: Int) {
        if used + more > capacity { grow(more) }
    }

    /// Room for at least `more` bytes at the end, to be written by the caller and taken over with `advance`.
    @inlinable
    public func tail(_ more: Int) -> UnsafeMutablePointer<UInt8> {
        reserve(more)
        return base + used
    }

    /// Takes over bytes that the caller wrote behind `tail`, no more than it was asked for.
    @inlinable
    public func advance(_ written: Int) { used += written }

    @usableFromInline
    func grow(_ more: Int) {
        capacity = max(capacity * 2, used + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: base, count: used)
        base.deallocate()
        base = larger
    }
}
