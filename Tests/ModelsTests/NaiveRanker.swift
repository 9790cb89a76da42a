import Events
import Foundation
import Linear

@testable import Models

/// The served list again, in the plainest way: every event is kept or counted by its identifiers, in Doubles, and all items
/// are scored and sorted for each list.
///
/// The candidates are each learner's best 2N items that may stand in the list; what a learner says of one is its share of
/// the best score that it gives to any item, the user's own included; shares and their roots are weighed and added.
struct NaiveRanker {
    struct User {
        /// Distinct, the one touched last first.
        var recents: [String] = []
        var ratings: [Double] = []
        var states: [UserQuery.ItemState] = []
    }

    struct List {
        var items: [String] = []
        var candidates: [String] = []
        var scores: [String: Double] = [:]
        /// What each learner gives to an item's score.
        var parts: [String: [Reason: Double]] = [:]
        /// Whether no order and no limit of candidates hangs on less than what single precision tells apart.
        var isClear = true
    }

    let settings: ItemTable.Settings
    var withdrawn: Set<String> = []
    private(set) var categories: [String: String] = [:]
    private var pairs: [String: [String: Double]] = [:]
    private var events: [String: Double] = [:]
    private var touches: [(item: String, time: Int64, isNewPair: Bool)] = []

    init(settings: ItemTable.Settings) { self.settings = settings }

    mutating func learn(_ item: String, category: String?, isNewPair: Bool, time: Int64, preceding: [String]) {
        let settings = settings.covisitation
        // 2¹² is one event: counts are whole numbers.
        func counted(_ weight: Double) -> Double { (weight * 4096).rounded() / 4096 }
        for (place, other) in preceding.prefix(settings.window).enumerated() {
            let weight = pow(Double(place + 2), -settings.distanceExponent)
            pairs[other, default: [:]][item, default: 0] += counted(weight)
            pairs[item, default: [:]][other, default: 0] += counted(weight * settings.backwardWeight)
        }
        events[item, default: 0] += 1
        touches.append((item, time, isNewPair))
        if let category { categories[item] = category }
    }

    func list(_ user: User, blend: BlendSettings, generation: Generation?, rules: RankingRules) -> List {
        let support = (log2(Double(min(user.recents.count, 255) + 1)) - 5) / 3
        let popularity = shares(decayed(column: blend.popularity.column, ofNewPairs: true))
        let (fewer, popular) = (pow(1 + Double(user.recents.count), -blend.popularity.exponent), blend.popularity)
        let popularWeight = (popular.weight + popular.slope * support) * fewer
        let popularRoot = popular.rootWeight + popular.rootSlope * support
        let (seq, near, factors, category) = (blend.sequential, blend.neighbours, blend.factors, blend.category)
        let learners: [(reason: Reason, scores: [String: Double], weight: Double, root: Double)] = [
            (.viewedNext, sequential(user, seq), seq.weight + seq.slope * support, seq.rootWeight),
            (.similar, neighbours(user, near, generation), near.weight + near.slope * support, near.rootWeight),
            (
                .forYou, projected(user, factors, generation), factors.weight + factors.slope * support,
                factors.rootWeight
            ),
            (.category, affinity(user, category), category.weight + category.slope * support, category.rootWeight),
        ]
        func mayStand(_ item: String) -> Bool {
            events[item] != nil && !withdrawn.contains(item)
                && !(rules.excludesSeen && user.recents.contains(item))
        }
        var list = List()
        var candidates = Set<String>()
        for scores in learners.filter({ $0.weight > 0 || $0.root != 0 }).map(\.scores) + [popularity] {
            let sorted = order(scores.filter { mayStand($0.key) })
            candidates.formUnion(sorted.prefix(2 * rules.listItems).map(\.key))
            guard sorted.count > 2 * rules.listItems else { continue }
            let cut = sorted[(2 * rules.listItems - 1)...(2 * rules.listItems)].map(\.value)
            list.isClear = list.isClear && abs(cut[0] - cut[1]) > 1e-5 * abs(cut[0])
        }
        for item in events.keys {
            let share = popularity[item] ?? 0
            var (total, isKnown) = (0.0, false)
            for (reason, scores, weight, root) in learners {
                guard let part = shares(scores)[item] else { continue }
                let value = max(0, weight) * part + root * max(0, part).squareRoot()
                list.parts[item, default: [:]][reason] = value
                total += value
                isKnown = isKnown || part > 0
            }
            let alone = isKnown ? popularWeight : max(popularWeight, 0.01)
            list.parts[item, default: [:]][.popular] = alone * share
            list.scores[item] = total + alone * share + (isKnown ? popularRoot * pow(share, 0.25) : 0)
        }
        let sorted = order(list.scores.filter { candidates.contains($0.key) })
        for (one, other) in zip(sorted, sorted.dropFirst()) where one.value != other.value {
            list.isClear = list.isClear && one.value - other.value > 1e-5 * max(abs(one.value), 1e-3)
        }
        list.candidates = sorted.map(\.key)
        list.items = limited(list.candidates, rules)
        return list
    }

    /// The user's own items that were not bought: rating first, then the later touch.
    func ownItems(_ user: User, _ rules: RankingRules) -> [(item: String, rating: Double, reason: Reason)] {
        let own = user.recents.indices.filter { user.states[$0] != .purchased && !withdrawn.contains(user.recents[$0]) }
        let sorted = own.sorted { (user.ratings[$1], $0) < (user.ratings[$0], $1) }
        return sorted.prefix(rules.continueItems).map {
            (user.recents[$0], user.ratings[$0], user.states[$0] == .inCart ? .inCart : .viewed)
        }
    }

    /// At most so many of a category; what was passed over fills up.
    private func limited(_ candidates: [String], _ rules: RankingRules) -> [String] {
        guard rules.perCategoryMax > 0 else { return Array(candidates.prefix(rules.listItems)) }
        var (taken, passedOver): ([String], [String]) = ([], [])
        for item in candidates {
            let alike = categories[item].map { own in taken.count { categories[$0] == own } } ?? 0
            if alike < rules.perCategoryMax { taken.append(item) } else { passedOver.append(item) }
            if taken.count == rules.listItems { return taken }
        }
        return taken + passedOver.prefix(rules.listItems - taken.count)
    }

    // MARK: - Learners

    /// Σ_q ρ^q · n_j^−b · C[j→i] · n_i^−a, j the q-th item from the latest.
    private func sequential(_ user: User, _ blend: BlendSettings.Sequential) -> [String: Double] {
        var scores: [String: Double] = [:]
        for (q, j) in user.recents.prefix(blend.depth).enumerated() {
            for (i, count) in pairs[j] ?? [:] {
                scores[i, default: 0] +=
                    pow(blend.recency, Double(q)) * pow(events[j]!, -blend.sourceExponent) * count
                    * pow(events[i]!, -blend.targetExponent)
            }
        }
        return scores
    }

    /// Σ_q ρ^q · what the generation says of i beside j.
    private func neighbours(
        _ user: User, _ blend: BlendSettings.Neighbours, _ generation: Generation?
    ) -> [String: Double] {
        guard let generation else { return [:] }
        var scores: [String: Double] = [:]
        for (q, j) in user.recents.prefix(blend.depth).enumerated() {
            guard let row = generation.items.firstIndex(of: j) else { continue }
            for place in (row * generation.neighboursPerItem)..<((row + 1) * generation.neighboursPerItem) {
                let neighbour = generation.neighbours[place]
                guard neighbour >= 0 else { continue }
                scores[generation.items[Int(neighbour)], default: 0] +=
                    pow(blend.recency, Double(q)) * Double(generation.neighbourWeights[place])
            }
        }
        return scores
    }

    /// (α₀ HᵀH + Σ c h hᵀ + λ(n + α₀N)^ν 1)⁻¹ Σ c h · h_i with c = α · rating · 2^(−position / p).
    private func projected(_ user: User, _ blend: BlendSettings.Factors, _ generation: Generation?) -> [String: Double]
    {
        guard let generation else { return [:] }
        let (manifest, width) = (generation.manifest, generation.factors.columns)
        func vector(_ row: Int) -> [Double] { (0..<width).map { Double(generation.factors[row, $0]) } }
        let known = user.recents.indices.compactMap { position in
            generation.items.firstIndex(of: user.recents[position]).map { (position, vector($0)) }
        }
        guard !known.isEmpty else { return [:] }
        let frequency = Double(known.count) + manifest.unobservedWeight * Double(generation.items.count)
        let ridge = manifest.regularization * pow(frequency, manifest.regularizationExponent)
        // The matrix with the right side as its last column.
        var system = (0..<width).map { row in (0...width).map { $0 == row ? ridge : 0 } }
        func add(_ h: [Double], _ weight: Double, right: Double) {
            for row in 0..<width {
                for column in 0..<width { system[row][column] += weight * h[row] * h[column] }
                system[row][width] += right * h[row]
            }
        }
        for row in generation.items.indices { add(vector(row), manifest.unobservedWeight, right: 0) }
        for (position, h) in known {
            let confidence = manifest.alpha * user.ratings[position] * exp2(-Double(position) / blend.shortMemory)
            add(h, confidence, right: confidence)
        }
        // Gauss and Jordan: the matrix is positive definite, and needs no pivots.
        for pivot in 0..<width {
            system[pivot] = system[pivot].map { [divisor = system[pivot][pivot]] in $0 / divisor }
            for row in 0..<width where row != pivot {
                let factor = system[row][pivot]
                for column in 0...width { system[row][column] -= factor * system[pivot][column] }
            }
        }
        return Dictionary(
            uniqueKeysWithValues: generation.items.enumerated().map { row, item in
                (item, zip(vector(row), system).reduce(0) { $0 + $1.0 * $1.1[width] })
            })
    }

    /// Σ_q ρ^q [category of the q-th item = category of i] · (activity of i / the largest)^½, of what is for sale.
    private func affinity(_ user: User, _ blend: BlendSettings.Category) -> [String: Double] {
        let activity = shares(decayed(column: blend.column, ofNewPairs: false))
        var scores: [String: Double] = [:]
        for (q, j) in user.recents.prefix(blend.depth).enumerated() {
            for (i, category) in categories where category == categories[j] && !withdrawn.contains(i) {
                scores[i, default: 0] += pow(blend.recency, Double(q)) * (activity[i] ?? 0).squareRoot()
            }
        }
        return scores
    }

    /// The touches of each item, halved with each half-life that has passed since.
    private func decayed(column: Int, ofNewPairs: Bool) -> [String: Double] {
        let now = touches.map(\.time).max() ?? 0
        var sums: [String: Double] = [:]
        for touch in touches where touch.isNewPair || !ofNewPairs {
            sums[touch.item, default: 0] += exp2(
                Double(touch.time - now) / Double(settings.popularityHalfLives[column]))
        }
        return sums
    }

    private func shares(_ scores: [String: Double]) -> [String: Double] {
        guard let best = scores.values.max(), best > 0 else { return [:] }
        return scores.mapValues { $0 / best }
    }

    /// Best first; ties by the bytes of the identifier.
    private func order(_ scores: [String: Double]) -> [(key: String, value: Double)] {
        scores.sorted { a, b in
            a.value != b.value ? a.value > b.value : a.key.utf8.lexicographicallyPrecedes(b.key.utf8)
        }
    }
}
