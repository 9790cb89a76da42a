public import Events
public import FeatureStore
public import Models

/// Makes the feature row of a user from its state and the items it touched. The row is derived: nothing of it is state.
///
/// Reused from user to user by one thread, without allocation.
public final class UserFeatureBuilder {
    /// The newest items of a history that affinities look at.
    static let affinityItemsMax = 64

    private let scale: RatingScale
    private let recency: RecencyWeights
    private let categories = AffinityTally()
    private let brands = AffinityTally()

    /// - Parameter affinityHalfLifeMilliseconds: the age at which an item of the history counts half.
    public init(scale: RatingScale = .standard, affinityHalfLifeMilliseconds: Int64 = 7 * 86_400_000) {
        self.scale = scale
        recency = RecencyWeights(halfLifeMilliseconds: affinityHalfLifeMilliseconds)
    }

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
        var latest = SIMD4<Int64>(repeating: -1)
        var priceWeight: Float = 0
        var priceLevel: Float = 0
        for index in entries.indices {
            let rating = entries[index].rating
            let times = SIMD4<Int64>(
                rating.latest(.view) ?? -1, rating.latest(.removeFromCart) ?? -1, rating.latest(.cart) ?? -1,
                rating.latest(.purchase) ?? -1)
            latest.replace(with: times, where: times .> latest)
            guard index >= entries.count - Self.affinityItemsMax else { continue }
            let weight = strength(rating) * recency.weight(age: state.latestTime - times.max())
            let attributes = table.attributes(entries[index].item)
            categories.add(attributes.category, weight)
            brands.add(attributes.brand, weight)
            guard attributes.price == attributes.price, weight > 0 else { continue }
            priceWeight += weight
            priceLevel += weight * table.prices.level(of: attributes.price)
        }
        features.latest = latest
        if priceWeight > 0 { features.priceLevel = Double(priceLevel / priceWeight) }
    }

    /// What the pair is worth by its strongest type, without decay.
    private func strength(_ rating: PairRating) -> Float {
        if rating.latest(.purchase) != nil { return Float(scale.purchase) }
        if rating.isInCart { return Float(scale.cart) }
        return Float(rating.latest(.removeFromCart) != nil ? scale.removeFromCart : scale.view)
    }
}
