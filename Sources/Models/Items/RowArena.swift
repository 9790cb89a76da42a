internal import Glibc

/// Memory for co-visitation rows: blocks of 4, 8, 16, … entries out of large slabs, freed ones kept by their size.
///
/// Rows grow and go all the time, and learning touches twenty of them at random for each event. In slabs they leave no holes
/// behind, and the kernel may map a slab as one large page, so that a row is found without a walk of the page table.
final class RowArena {
    typealias Entry = CovisitationTable.Entry

    private static let slabBytes = 2 << 20
    private static let classes = 32

    private var slabs: [UnsafeMutableRawPointer] = []
    private var next: UnsafeMutableRawPointer?
    private var left = 0
    /// The first freed block of each size; a freed block begins with the address of the next one.
    private let freed: UnsafeMutablePointer<UnsafeMutableRawPointer?>

    init() {
        freed = .allocate(capacity: Self.classes)
        freed.initialize(repeating: nil, count: Self.classes)
    }

    deinit {
        for slab in slabs { slab.deallocate() }
        freed.deallocate()
    }

    /// A block of empty entries; `capacity` is a power of two, at least 4.
    func allocate(_ capacity: Int32) -> UnsafeMutablePointer<Entry> {
        let entries = take(capacity).bindMemory(to: Entry.self, capacity: Int(capacity))
        entries.initialize(repeating: Entry(item: .max, count: 0), count: Int(capacity))
        return entries
    }

    /// Takes a block of `capacity` entries back.
    func free(_ entries: UnsafeMutablePointer<Entry>, _ capacity: Int32) {
        let block = UnsafeMutableRawPointer(entries)
        block.storeBytes(of: freed[capacity.trailingZeroBitCount], as: UnsafeMutableRawPointer?.self)
        freed[capacity.trailingZeroBitCount] = block
    }

    private func take(_ capacity: Int32) -> UnsafeMutableRawPointer {
        let size = capacity.trailingZeroBitCount
        if let block = freed[size] {
            freed[size] = block.load(as: UnsafeMutableRawPointer?.self)
            return block
        }
        let bytes = Int(capacity) * MemoryLayout<Entry>.stride
        if bytes > left { beginSlab(bytes) }
        // Set by `beginSlab`, if not before.
        let block = next.unsafelyUnwrapped
        next = block + bytes
        left -= bytes
        return block
    }

    private func beginSlab(_ least: Int) {
        let bytes = max(Self.slabBytes, least)
        let slab = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Self.slabBytes)
        // Advice only: where large pages are switched off, small ones do.
        _ = madvise(slab, bytes, MADV_HUGEPAGE)
        slabs.append(slab)
        next = slab
        left = bytes
    }
}
