public import Events
public import FeatureStore
public import Models

/// Makes the feature row of a user from its state and the items it touched. The row is derived: nothing of it is state.
///
/// Reused from user to user by one thread, without allocation.
public final class UserFeatureBuilder {
    /// The newest items of a history that affinities look at.
    static let affinityItemsMax = 32

    private let scale: RatingScale
    private let recency: RecencyWeights
    private let categories = AffinityTally()
    private let brands = AffinityTally()
    private let gathered: UnsafeMutablePointer<Gathered>

    /// What the row takes from an item of the history.
    private struct Gathered {
        var category = IdentifierTable.none
        var brand = IdentifierTable.none
        var price = Double.nan
        var weight: Float = 0
    }

    /// - Parameter affinityHalfLifeMilliseconds: the age at which an item of the history counts half.
    public init(scale: RatingScale = .standard, affinityHalfLifeMilliseconds: Int64 = 7 * 86_400_000) {
        self.scale = scale
        recency = RecencyWeights(halfLifeMilliseconds: affinityHalfLifeMilliseconds)
        gathered = .allocate(capacity: Self.affinityItemsMax)
        gathered.initialize(repeating: Gathered(), count: Self.affinityItemsMax)
    }

    deinit { gathered.deallocate() }

    /// Appends the row of a user as of its latest event.
    public func write(
        user: UnsafeRawBufferPointer, state: UserState, table: ItemTable, vectors: UserVectors? = nil,
        to writer: ByteWriter
    ) {
        var features = UserFeatures()
        features.time = state.latestTime
        features.firstTime = state.firstTime
        features.totals = state.counts
        features.distinctItems = state.entries.count
        features.sessions = state.sessions
        features.sessionEvents = state.sessionEvents
        features.sessionStart = state.sessionStart
        if state.priceCount > 0 { features.priceMean = state.priceSum / Double(state.priceCount) }
        let now = state.latestTime / ActivityWindows.bucketMilliseconds
        for bucket in state.activity { features.windows.add(bucket.counts, age: now - Int64(bucket.index)) }
        addHistory(state, table, to: &features)
        UserFeatureRow.write(
            features, user: user, categories: categories.top(names: table.words),
            brands: brands.top(names: table.words),
            words: table.words, vectors: vectors, to: writer)
    }

    private func addHistory(_ state: UserState, _ table: ItemTable, to features: inout UserFeatures) {
        categories.removeAll()
        brands.removeAll()
        let entries = state.entries
        let start = max(0, entries.count - Self.affinityItemsMax)
        var latest = SIMD4<Int64>(repeating: -1)
        for index in entries.indices {
            let rating = entries[index].rating
            let times = SIMD4<Int64>(
                rating.latest(.view) ?? -1, rating.latest(.removeFromCart) ?? -1, rating.latest(.cart) ?? -1,
                rating.latest(.purchase) ?? -1)
            latest.replace(with: times, where: times .> latest)
            guard index >= start else { continue }
            // Gathered first: the items lie all over the table, and so the loads of one do not wait for another's.
            let attributes = table.attributes(entries[index].item)
            gathered[index - start] = Gathered(
                category: attributes.category, brand: attributes.brand, price: attributes.price,
                weight: strength(rating) * recency.weight(age: state.latestTime - times.max()))
        }
        features.latest = latest
        var priceWeight: Float = 0
        var priceLevel: Float = 0
        for index in 0..<entries.count - start {
            let item = gathered[index]
            categories.add(item.category, item.weight)
            brands.add(item.brand, item.weight)
            guard item.price == item.price, item.weight > 0 else { continue }
            priceWeight += item.weight
            priceLevel += item.weight * table.prices.level(of: item.price)
        }
        if priceWeight > 0 { features.priceLevel = Double(priceLevel / priceWeight) }
    }

    /// What the pair is worth by its strongest type, without decay.
    private func strength(_ rating: PairRating) -> Float {
        if rating.latest(.purchase) != nil { return Float(scale.purchase) }
        if rating.isInCart { return Float(scale.cart) }
        return Float(rating.latest(.removeFromCart) != nil ? scale.removeFromCart : scale.view)
    }
}
