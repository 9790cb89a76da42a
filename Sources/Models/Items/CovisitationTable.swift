public import Events
internal import Linear

/// Sequential co-visitation: how often one item was touched shortly after another, nearer pairs weighing more.
///
/// On an event of item i by a user whose distinct recent items are j₁ (newest), j₂, …, every pair learns
/// `C[jₖ→i] += g·(k+1)^−γ` and `C[i→jₖ] += w_b·g·(k+1)^−γ`, and `n_i += g`; g is the forward weight of the event's
/// time, 2^((t−L)/h). All counts are integers in fixed point (2¹² is one event), so that their order of summation does
/// not matter and every machine gets the same ones. With a half-life, the landmark L moves by whole half-lives of the
/// largest event time seen, and a row is shifted right by as many bits when it is next touched.
///
/// A row keeps a bounded number of neighbours: past the bound its smallest counts are dropped, ties by the hash of the
/// neighbour's identifier, which is the same on every machine. The idea is the item-to-item table of Linden, Smith and
/// York, "Amazon.com Recommendations" (IEEE Internet Computing 2003), with order and distance.
public final class CovisitationTable {
    /// What the counts depend on; another value makes another state.
    public struct Settings: Sendable, Equatable {
        /// How many preceding distinct items an event is paired with.
        public var window = 10
        /// The exponent γ on the distance of a pair.
        public var distanceExponent = 0.7
        /// The weight w_b of the pair in the other direction.
        public var backwardWeight = 0.6
        /// The half-life of a count in milliseconds; 0 for none.
        public var halfLifeMilliseconds: Int64 = 0
        /// The neighbours that a row keeps when it has outgrown its bound.
        public var neighbours = 128

        public init() {}
    }

    public typealias Item = IdentifierTable.Number

    @usableFromInline struct Entry {
        @usableFromInline var item: Item
        @usableFromInline var count: UInt32

        init(item: Item, count: UInt32) {
            self.item = item
            self.count = count
        }
    }

    @usableFromInline struct Row {
        @usableFromInline var entries: UnsafeMutablePointer<Entry>?
        @usableFromInline var capacity: Int32 = 0
        @usableFromInline var count: Int32 = 0
        /// n of this item, in fixed point.
        @usableFromInline var total: UInt64 = 0
        @usableFromInline var epoch: Int64 = 0

        init() {}
    }

    static let one: Double = 4096

    public let settings: Settings
    let identifiers: IdentifierTable
    // No method calls back but `forEachNeighbour`, which holds a copy of the row: no run-time checks of exclusive access.
    @exclusivity(unchecked) @usableFromInline var rows: UnsafeMutablePointer<Row>
    @exclusivity(unchecked) @usableFromInline var rowCount = 0
    @exclusivity(unchecked) private var rowCapacity = 1024
    private let largestCapacity: Int32
    /// (k+1)^−γ for k = 1…window, forward and backward, in fixed point.
    private let forwardWeights: [Double]
    private let backwardWeights: [Double]
    /// The same, rounded: what a pair weighs where nothing decays.
    private let forwardUnits: [UInt32]
    private let backwardUnits: [UInt32]
    private let pruning: RowPruning
    /// Keeps `warm` from being left out.
    private var warmed: UInt32 = 0
    /// n^−a of each item on the scale of its own row's epoch, for ranking; derived, and made again when a changes.
    private var targetNorms: UnsafeMutablePointer<Float>
    private var normCount = 0
    private var normCapacity = 0
    private var targetExponent = 0.0
    /// The number of half-lives that the largest event time has passed since the epoch of 1970.
    @exclusivity(unchecked) public private(set) var epoch: Int64 = 0

    public init(settings: Settings, identifiers: IdentifierTable) {
        precondition(settings.window > 0 && settings.neighbours > 0, "a co-visitation row needs room")
        self.settings = settings
        self.identifiers = identifiers
        rows = .allocate(capacity: rowCapacity)
        targetNorms = .allocate(capacity: 0)
        var capacity: Int32 = 4
        while Int(capacity) < settings.neighbours * 2 { capacity *= 2 }
        largestCapacity = capacity
        forwardWeights = (1...settings.window).map {
            Deterministic.pow(Double($0 + 1), -settings.distanceExponent) * Self.one
        }
        backwardWeights = forwardWeights.map { $0 * settings.backwardWeight }
        forwardUnits = forwardWeights.map { UInt32($0.rounded()) }
        backwardUnits = backwardWeights.map { UInt32($0.rounded()) }
        pruning = RowPruning(capacity: Int(capacity))
    }

    deinit {
        for index in 0..<rowCount { rows[index].entries?.deallocate() }
        rows.deallocate()
        targetNorms.deallocate()
    }

    /// Learns one event of `item`, whose user touched `preceding` (newest first, without `item`) before it.
    public func learn(item: Item, preceding: UnsafeBufferPointer<Item>, time: Int64) {
        var gain = 1.0
        if settings.halfLifeMilliseconds > 0 {
            let halfLife = settings.halfLifeMilliseconds
            epoch = max(epoch, time / halfLife)
            gain = Deterministic.exp2(Double(time - epoch * halfLife) / Double(halfLife))
        }
        let count = min(preceding.count, settings.window)
        var largest = item
        for index in 0..<count { largest = max(largest, preceding[index]) }
        reserve(largest)
        warm(item, preceding, count)
        age(item)
        for index in 0..<count {
            let other = preceding[index]
            age(other)
            let forward = gain == 1 ? forwardUnits[index] : UInt32((forwardWeights[index] * gain).rounded())
            let backward = gain == 1 ? backwardUnits[index] : UInt32((backwardWeights[index] * gain).rounded())
            add(forward, to: other, neighbour: item)
            add(backward, to: item, neighbour: other)
        }
        rows[Int(item)].total += gain == 1 ? UInt64(Self.one) : UInt64((Self.one * gain).rounded())
        refreshNorm(item)
    }

    /// Sets the exponent a on the target's count that `targetNorm` uses.
    public func setTargetExponent(_ exponent: Double) {
        guard exponent != targetExponent else { return }
        targetExponent = exponent
        for item in 0..<rowCount { refreshNorm(Item(item)) }
    }

    /// n^−a of an item; 0 for an item without events.
    public func targetNorm(_ item: Item) -> Float {
        guard Int(item) < normCount else { return 0 }
        let norm = targetNorms[Int(item)]
        // Without a half-life there is one epoch only, and no need to look at the row.
        guard settings.halfLifeMilliseconds > 0 else { return norm }
        let shift = epoch - rows[Int(item)].epoch
        return shift <= 0 ? norm : norm * Float(Deterministic.exp2(targetExponent * Double(shift)))
    }

    /// n^−a of each item below `count` by its number, 0 for those without events; nil where counts decay, since norms then
    /// depend on the time of their rows too.
    func targetNorms(below count: Int) -> UnsafePointer<Float>? {
        guard settings.halfLifeMilliseconds == 0 else { return nil }
        growNorms(count)
        return UnsafePointer(targetNorms)
    }

    private func growNorms(_ count: Int) {
        guard normCount < count else { return }
        if normCapacity < count {
            normCapacity = max(count, normCapacity * 2)
            let larger = UnsafeMutablePointer<Float>.allocate(capacity: normCapacity)
            larger.moveInitialize(from: targetNorms, count: normCount)
            targetNorms.deallocate()
            targetNorms = larger
        }
        (targetNorms + normCount).initialize(repeating: 0, count: count - normCount)
        normCount = count
    }

    /// Asks for an item's row, and then for its neighbours, ahead of their use.
    @inline(__always)
    func prefetchRow(_ item: Item) {
        if Int(item) < rowCount { Kernels.prefetch(rows + Int(item), bytes: MemoryLayout<Row>.size) }
    }

    @inline(__always)
    func prefetchNeighbours(of item: Item) {
        guard Int(item) < rowCount, let entries = rows[Int(item)].entries else { return }
        Kernels.prefetch(entries, bytes: Int(rows[Int(item)].capacity) * MemoryLayout<Entry>.stride)
    }

    /// Multiplies each score with its item's n^−a.
    func multiplyByTargetNorms(_ scores: ScoreAccumulator) {
        let touched = scores.touched
        for place in 0..<scores.count { scores[touched[place]] *= targetNorm(touched[place]) }
    }

    private func refreshNorm(_ item: Item) {
        growNorms(rowCount)
        let total = rows[Int(item)].total
        targetNorms[Int(item)] =
            total == 0 ? 0 : Float(Deterministic.pow(Double(total) / Self.one, -targetExponent))
    }

    /// Forgets a row; counts that other rows hold of the item stay.
    public func forget(_ item: Item) {
        guard Int(item) < rowCount else { return }
        rows[Int(item)].entries?.deallocate()
        rows[Int(item)] = Row()
        refreshNorm(item)
    }

    /// n of an item on the scale of the present epoch, 1 being one event.
    public func total(_ item: Item) -> Double {
        guard Int(item) < rowCount else { return 0 }
        let row = rows[Int(item)]
        return Double(row.total) / Self.one * scale(row)
    }

    public func neighbourCount(_ item: Item) -> Int {
        Int(item) < rowCount ? Int(rows[Int(item)].count) : 0
    }

    /// Calls `body(neighbour, count)` for each neighbour of an item, 1 being one event at distance 0, in no defined order.
    @inlinable
    public func forEachNeighbour(of item: Item, _ body: (Item, Float) -> Void) {
        guard Int(item) < rowCount else { return }
        let row = rows[Int(item)]
        guard let entries = row.entries else { return }
        let unit = Float(scale(row)) / 4096
        for slot in 0..<Int(row.capacity) where entries[slot].item != IdentifierTable.none {
            body(entries[slot].item, Float(entries[slot].count) * unit)
        }
    }

    /// Adds `factor` times each neighbour's count to the scores.
    @inline(__always)
    func addNeighbours(of item: Item, times factor: Float, to scores: ScoreAccumulator) {
        guard Int(item) < rowCount else { return }
        let row = rows[Int(item)]
        guard let entries = row.entries else { return }
        scores.add(entries, count: Int(row.capacity), times: factor * Float(scale(row)) / 4096)
    }

    /// What a row's counts have to be multiplied with to stand on the scale of the present epoch.
    @usableFromInline
    func scale(_ row: Row) -> Double {
        let shift = epoch - row.epoch
        return shift <= 0 ? 1 : (shift >= 64 ? 0 : 1 / Double(UInt64(1) << UInt64(shift)))
    }

    /// Reads where an event's pairs will be counted, all at once: each place is a miss of the caches, and reads that do
    /// not wait for one another overlap.
    @inline(__always)
    private func warm(_ item: Item, _ preceding: UnsafeBufferPointer<Item>, _ count: Int) {
        var sum: UInt32 = 0
        for index in 0..<count {
            let row = rows + Int(preceding[index])
            guard let entries = row.pointee.entries else { continue }
            sum &+= entries[Self.home(item, Int(row.pointee.capacity) - 1)].item
        }
        warmed = sum
    }

    /// Counts a pair in a row that stands at the present epoch.
    @inline(__always)
    private func add(_ weight: UInt32, to item: Item, neighbour: Item) {
        let row = rows + Int(item)
        while true {
            if let entries = row.pointee.entries {
                let mask = Int(row.pointee.capacity) &- 1
                var slot = Self.home(neighbour, mask)
                while entries[slot].item != IdentifierTable.none && entries[slot].item != neighbour {
                    slot = (slot &+ 1) & mask
                }
                if entries[slot].item == neighbour {
                    let (sum, overflow) = entries[slot].count.addingReportingOverflow(weight)
                    entries[slot].count = overflow ? .max : sum
                    return
                }
                if row.pointee.count &* 4 < row.pointee.capacity &* 3 {
                    entries[slot] = Entry(item: neighbour, count: weight)
                    row.pointee.count &+= 1
                    return
                }
            }
            if row.pointee.capacity < largestCapacity { grow(row) } else { prune(row) }
        }
    }

    @inline(__always)
    static func home(_ item: Item, _ mask: Int) -> Int {
        Int(truncatingIfNeeded: (item &* 0x9E37_79B1) >> 7) & mask
    }

    private func reserve(_ item: Item) {
        if Int(item) < rowCount { return }
        if Int(item) >= rowCapacity {
            let capacity = max(Int(item) + 1, rowCapacity * 2)
            let larger = UnsafeMutablePointer<Row>.allocate(capacity: capacity)
            larger.moveInitialize(from: rows, count: rowCount)
            rows.deallocate()
            rows = larger
            rowCapacity = capacity
        }
        (rows + rowCount).initialize(repeating: Row(), count: Int(item) + 1 - rowCount)
        rowCount = Int(item) + 1
    }

    @inline(__always)
    private func age(_ item: Item) {
        let shift = epoch - rows[Int(item)].epoch
        if shift > 0 { age(item, by: shift) }
    }

    /// Brings a row to the present epoch, halving its counts once for each half-life that has passed.
    private func age(_ item: Item, by shift: Int64) {
        rows[Int(item)].epoch = epoch
        // The norm stands on the scale of the row's epoch, so it moves with it.
        defer { refreshNorm(item) }
        guard let entries = rows[Int(item)].entries else {
            rows[Int(item)].total = shift >= 64 ? 0 : rows[Int(item)].total >> UInt64(shift)
            return
        }
        for slot in 0..<Int(rows[Int(item)].capacity) {
            entries[slot].count = shift >= 32 ? 0 : entries[slot].count >> UInt32(shift)
        }
        rows[Int(item)].total = shift >= 64 ? 0 : rows[Int(item)].total >> UInt64(shift)
    }

    @inline(never)
    private func grow(_ row: UnsafeMutablePointer<Row>) {
        let capacity = max(4, row.pointee.capacity * 2)
        let old = row.pointee.entries
        let oldCapacity = Int(row.pointee.capacity)
        row.pointee.entries = Self.makeEntries(capacity)
        row.pointee.capacity = capacity
        guard let old else { return }
        for slot in 0..<oldCapacity where old[slot].item != IdentifierTable.none { Self.place(old[slot], in: row) }
        old.deallocate()
    }

    /// Drops the smallest counts of a full row, so that the bound's number of neighbours is left.
    @inline(never)
    private func prune(_ row: UnsafeMutablePointer<Row>) {
        let entries = row.pointee.entries.unsafelyUnwrapped
        let kept = pruning.select(
            entries, capacity: Int(row.pointee.capacity), most: settings.neighbours, identifiers: identifiers)
        entries.update(
            repeating: Entry(item: IdentifierTable.none, count: 0), count: Int(row.pointee.capacity))
        for index in 0..<kept { Self.place(pruning.entries[index], in: row) }
        row.pointee.count = Int32(kept)
    }

    private static func makeEntries(_ capacity: Int32) -> UnsafeMutablePointer<Entry> {
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: Int(capacity))
        entries.initialize(repeating: Entry(item: IdentifierTable.none, count: 0), count: Int(capacity))
        return entries
    }

    /// Puts an entry into a row that has room and does not know its item.
    @inline(__always)
    private static func place(_ entry: Entry, in row: UnsafeMutablePointer<Row>) {
        let entries = row.pointee.entries.unsafelyUnwrapped
        let mask = Int(row.pointee.capacity) &- 1
        var slot = home(entry.item, mask)
        while entries[slot].item != IdentifierTable.none { slot = (slot &+ 1) & mask }
        entries[slot] = entry
    }

    private func live(_ row: Row) -> [Entry] {
        guard let entries = row.entries else { return [] }
        return (0..<Int(row.capacity)).compactMap {
            entries[$0].item == IdentifierTable.none ? nil : entries[$0]
        }
    }
}

extension CovisitationTable {
    /// A row as it is: its total, its epoch and its neighbours with their counts, in fixed point and in no defined order.
    public struct Snapshot {
        public var total: UInt64
        public var epoch: Int64
        public var neighbours: [(item: Item, count: UInt32)]

        public init(total: UInt64, epoch: Int64, neighbours: [(item: Item, count: UInt32)]) {
            self.total = total
            self.epoch = epoch
            self.neighbours = neighbours
        }
    }

    public func snapshot(_ item: Item) -> Snapshot {
        guard Int(item) < rowCount else { return Snapshot(total: 0, epoch: 0, neighbours: []) }
        let row = rows[Int(item)]
        return Snapshot(
            total: row.total, epoch: row.epoch, neighbours: live(row).map { (item: $0.item, count: $0.count) })
    }

    public func restore(_ item: Item, _ snapshot: Snapshot) {
        reserve(item)
        var capacity: Int32 = 0
        if !snapshot.neighbours.isEmpty {
            capacity = 4
            while snapshot.neighbours.count * 4 > Int(capacity) * 3 { capacity *= 2 }
            let row = rows + Int(item)
            row.pointee.entries?.deallocate()
            row.pointee.entries = Self.makeEntries(capacity)
            row.pointee.capacity = capacity
            row.pointee.count = Int32(snapshot.neighbours.count)
            for (neighbour, count) in snapshot.neighbours {
                Self.place(Entry(item: neighbour, count: count), in: row)
            }
        }
        rows[Int(item)].total = snapshot.total
        rows[Int(item)].epoch = snapshot.epoch
        refreshNorm(item)
    }

    public func restore(epoch: Int64) { self.epoch = epoch }
}
