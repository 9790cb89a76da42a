/// A growing buffer for the binary formats of the internal topics: little-endian, with LEB128 varints.
///
/// Reused from record to record: `removeAll` keeps the memory.
public final class ByteWriter {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    public private(set) var count = 0

    public init(capacity: Int = 4096) {
        self.capacity = max(capacity, 16)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// What was written; valid until the next write.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    public func bytes(from start: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + start, count: count - start)
    }

    public func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    public func removeAll() { count = 0 }

    public func truncate(to length: Int) { count = min(count, length) }

    @inline(__always)
    public func byte(_ value: UInt8) {
        reserve(1)
        base[count] = value
        count += 1
    }

    public func varint(_ value: UInt64) {
        reserve(10)
        var rest = value
        while rest >= 0x80 {
            base[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            count += 1
            rest >>= 7
        }
        base[count] = UInt8(rest)
        count += 1
    }

    public func varint(_ value: Int) { varint(UInt64(value)) }

    /// A signed number, small absolute values short (zigzag).
    public func signed(_ value: Int64) { varint(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

    public func fixed<T: BitwiseCopyable>(_ value: T) {
        reserve(MemoryLayout<T>.size)
        UnsafeMutableRawPointer(base + count).storeBytes(of: value, as: T.self)
        count += MemoryLayout<T>.size
    }

    public func double(_ value: Double) { fixed(value.bitPattern) }

    /// Raw bytes without their length.
    public func raw(_ source: UnsafeRawBufferPointer) {
        reserve(source.count)
        if let from = source.baseAddress {
            UnsafeMutableRawPointer(base + count).copyMemory(from: from, byteCount: source.count)
        }
        count += source.count
    }

    /// Bytes with their length before them.
    public func counted(_ source: UnsafeRawBufferPointer) {
        varint(source.count)
        raw(source)
    }

    public func text(_ value: StaticString) {
        raw(UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    }

    public func text(_ value: String) {
        var value = value
        value.withUTF8 { raw(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    public func reserve(_ more: Int) {
        if count + more > capacity { grow(more) }
    }

    /// Room for at least `more` bytes at the end, to be written by the caller and taken over with `advance`.
    public func tail(_ more: Int) -> UnsafeMutablePointer<UInt8> {
        reserve(more)
        return base + count
    }

    public func advance(_ written: Int) { count += written }

    private func grow(_ more: Int) {
        capacity = max(capacity * 2, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
    }
}
