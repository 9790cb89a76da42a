internal import Foundation

/// What a set of lists is like beside its accuracy.
///
/// The catalogue is all items that have interactions, and what else stands in lists.
///
/// - **Coverage**: the share of the catalogue that stands in some list.
/// - **Novelty**: the mean over listed items of −log₂ of the item's share of all interactions (Vargas and Castells 2011);
///   an item without interactions counts as one with half an interaction.
/// - **Diversity**: the mean over lists of the share of their pairs of items whose categories differ; items without
///   category differ from all. Nil where no list has two items, or no listed item a category.
/// - **Gini** of exposure over the catalogue: 0 where all items stand in as many lists, near 1 where few items do.
public struct ListStatistics: Sendable {
    private var exposure: [Int]
    private var interactions: [Double]
    private var interactionsTotal: Double
    private var information = 0.0
    private var listed = 0
    private var differing = 0.0
    private var listsWithPairs = 0
    private var hasCategories = false

    /// - Parameter interactions: of each item by its index.
    public init(interactions: [Double]) {
        self.interactions = interactions
        interactionsTotal = interactions.reduce(0, +)
        exposure = Array(repeating: 0, count: interactions.count)
    }

    /// Counts one more interaction: lists that are added later are compared with it too.
    mutating func learn(_ item: Int) {
        interactions[item] += 1
        interactionsTotal += 1
    }

    /// Adds a list of items' indices; `category` gives an item's category, or nil.
    public mutating func add(_ items: [Int], category: (Int) -> Int?) {
        for item in items {
            exposure[item] += 1
            if !hasCategories, category(item) != nil { hasCategories = true }
            information -= log2(max(interactions[item], 0.5) / max(interactionsTotal, 1))
        }
        listed += items.count
        guard items.count > 1 else { return }
        var pairs = 0
        var apart = 0
        for (place, item) in items.enumerated() {
            for other in items[..<place] {
                pairs += 1
                if let a = category(item), let b = category(other), a == b { continue }
                apart += 1
            }
        }
        differing += Double(apart) / Double(pairs)
        listsWithPairs += 1
    }

    public var coverage: Double {
        let catalogue = catalogue
        return catalogue.isEmpty ? 0 : Double(catalogue.count { $0 > 0 }) / Double(catalogue.count)
    }

    /// The exposure of each item of the catalogue.
    private var catalogue: [Int] { zip(exposure, interactions).filter { $0 > 0 || $1 > 0 }.map { $0.0 } }

    /// In bits; 0 where nothing was listed.
    public var novelty: Double { listed == 0 ? 0 : information / Double(listed) }

    public var diversity: Double? {
        listsWithPairs == 0 || !hasCategories ? nil : differing / Double(listsWithPairs)
    }

    public var gini: Double {
        guard listed > 0 else { return 0 }
        let catalogue = catalogue
        var sum = 0.0
        for (place, value) in catalogue.sorted().enumerated() {
            sum += Double(2 * (place + 1) - catalogue.count - 1) * Double(value)
        }
        return sum / (Double(catalogue.count) * Double(listed))
    }
}
