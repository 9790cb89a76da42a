internal import CKernels

/// Exact top-k by inner product over the rows of a matrix. Items lie in falling order of their norms, as 8-bit integers
/// beside the floats; an `InnerProductSearcher` screens with the integers, and drops only what a bound proves to be out.
///
/// The bound: with `q = q̂ + e` and `h = ĥ + d` (hats for what the integers say), `|q·h − q̂·ĥ| = |e·h + q̂·d| ≤
/// ‖e‖‖h‖ + ‖q̂‖‖d‖` (Cauchy and Schwarz), and `roundingShare · ‖q‖‖h‖` more for the arithmetic in floats.
public final class InnerProductIndex: Sendable {
    /// The rows that are ranked.
    public let items: Matrix
    /// Of each item, for equal scores: the smaller comes first, then the smaller index.
    let ranks: [UInt32]
    /// The items by falling norm, padded to whole pairs of groups.
    let order: [Int32]
    let groupCount: Int
    /// Four dimensions each.
    let quads: Int
    /// Of the first item; infinite where some item's is, or is hardly a float, and then everything is scored in floats.
    let normMax: Double
    let storage: ScreenStorage

    /// - Parameter ranks: of each item, for equal scores; by default its index, which also parts equal ranks.
    public init(_ items: Matrix, ranks: [UInt32]? = nil) {
        precondition(ranks == nil || ranks!.count == items.rows, "one rank an item")
        precondition(items.columns <= 1024, "sums of 8-bit products stay exact in a float up to 1024 dimensions")
        self.items = items
        self.ranks = Self.distinct(ranks, count: items.rows)
        quads = items.stride / 4
        groupCount = (items.rows + 31) / 32 * 2
        let norms = (0..<items.rows).map { Self.norm(items.row($0), items.columns) }
        let norm = norms.allSatisfy(\.isFinite) ? norms.max() ?? 0 : .infinity
        // Above it a group's norm, which is a float that was rounded up, would be infinite.
        normMax = norm < 0x1p127 ? norm : .infinity
        var order = (0..<Int32(items.rows)).map { $0 }
        if normMax.isFinite {
            order.sort { norms[Int($0)] != norms[Int($1)] ? norms[Int($0)] > norms[Int($1)] : $0 < $1 }
        }
        storage = ScreenStorage(groups: groupCount, quads: quads)
        if normMax.isFinite {
            for group in 0..<groupCount {
                let members = order[min(16 * group, items.rows)..<min(16 * group + 16, items.rows)]
                storage.fill(group: group, members: members, items: items, norms: norms)
            }
        }
        order.append(contentsOf: repeatElement(-1, count: groupCount * 16 - items.rows))
        self.order = order
    }

    public var count: Int { items.rows }

    /// Ranks in the same order, no two of them equal.
    private static func distinct(_ ranks: [UInt32]?, count: Int) -> [UInt32] {
        var distinct = (0..<UInt32(count)).map { $0 }
        guard let ranks else { return distinct }
        let order = distinct.sorted { (ranks[Int($0)], $0) < (ranks[Int($1)], $1) }
        for (place, item) in order.enumerated() { distinct[Int(item)] = UInt32(place) }
        return distinct
    }

    /// What the arithmetic in floats may be off by, as a share of ‖q‖‖h‖: of the dot product (a product, a sum for each
    /// sixteenth dimension, four more), of the bounds' own (ten roundings of at most four times as much), twice over.
    static func roundingShare(stride: Int) -> Double { (Double(stride / 16) + 64) * 0x1p-23 }

    /// In double precision, rounded up.
    static func norm(_ vector: UnsafePointer<Float>, _ count: Int) -> Double {
        var sum = 0.0
        for i in 0..<count { sum += Double(vector[i]) * Double(vector[i]) }
        return sum.squareRoot() * (1 + 0x1p-30)
    }
}
