internal import Events

/// The features of a factorization machine, numbered one kind after another: users, items, categories, brands, price
/// bands, how much a user touches, and the category that a user touches most.
struct FeatureTable: Sendable, Equatable {
    let users: Int
    let items: Int
    let categories: Int
    let brands: Int
    /// −1 for none, one an item.
    let categoryOfItem: [Int32]
    let brandOfItem: [Int32]
    let priceBandOfItem: [Int32]

    private static let priceBands = 10
    /// By powers of two.
    private static let activityBands = 16

    init(_ histories: TrainingHistories) {
        self.init(
            users: histories.userCount, categoryOfItem: histories.categories, brandOfItem: histories.brands,
            priceBandOfItem: histories.priceBands)
    }

    private init(users: Int, categoryOfItem: [Int32], brandOfItem: [Int32], priceBandOfItem: [Int32]) {
        self.users = users
        items = categoryOfItem.count
        categories = Int(categoryOfItem.max() ?? -1) + 1
        brands = Int(brandOfItem.max() ?? -1) + 1
        self.categoryOfItem = categoryOfItem
        self.brandOfItem = brandOfItem
        self.priceBandOfItem = priceBandOfItem
    }

    /// The same features without those that say who the user is.
    func withoutUsers() -> FeatureTable {
        FeatureTable(
            users: 0, categoryOfItem: categoryOfItem, brandOfItem: brandOfItem, priceBandOfItem: priceBandOfItem)
    }

    private var categoryStart: Int { users + items }
    private var brandStart: Int { categoryStart + categories }
    private var priceStart: Int { brandStart + brands }
    private var activityStart: Int { priceStart + Self.priceBands }
    private var favouriteStart: Int { activityStart + Self.activityBands }
    /// Features in all.
    var count: Int { favouriteStart + categories }

    /// The features of an item.
    func features(of item: Int) -> [Int32] {
        var features = [Int32(users + item)]
        if categoryOfItem[item] >= 0 { features.append(Int32(categoryStart) + categoryOfItem[item]) }
        if brandOfItem[item] >= 0 { features.append(Int32(brandStart) + brandOfItem[item]) }
        if priceBandOfItem[item] >= 0 { features.append(Int32(priceStart) + priceBandOfItem[item]) }
        return features
    }

    /// The features of a user; a stranger is only what the history says.
    func features(of user: UserHistory) -> [Int32] {
        var features: [Int32] = []
        if let known = user.user, known < users { features.append(Int32(known)) }
        let band = Int.bitWidth - (user.items.count).leadingZeroBitCount
        features.append(Int32(activityStart + min(band, Self.activityBands - 1)))
        if let favourite = favourite(user) { features.append(Int32(favouriteStart) + favourite) }
        return features
    }

    /// The category that most items of a history have, the smallest of equals.
    private func favourite(_ user: UserHistory) -> Int32? {
        var counts: [Int32: Int] = [:]
        for item in user.items where categoryOfItem[Int(item)] >= 0 {
            counts[categoryOfItem[Int(item)], default: 0] += 1
        }
        return counts.max { ($0.value, -$0.key) < ($1.value, -$1.key) }?.key
    }

    /// The feature that an item itself is.
    func row(ofItem item: Int) -> Int { users + item }

    // MARK: - Saving

    func encode(to writer: ByteWriter) {
        writer.varint(users)
        writer.varint(items)
        for column in [categoryOfItem, brandOfItem, priceBandOfItem] { column.withUnsafeBytes { writer.raw($0) } }
    }

    init(decoding reader: inout ByteReader) throws {
        let users = try reader.count(limit: Int(Int32.max))
        let items = try reader.count(limit: Int(Int32.max))
        let columns: [[Int32]] = try (0..<3).map { _ in try reader.array(count: items) }
        let valid = columns[2].allSatisfy { $0 < Int32(Self.priceBands) }
        guard valid, columns.allSatisfy({ $0.allSatisfy { $0 >= -1 && $0 < 1 << 30 } }) else {
            throw ByteReader.Malformed(offset: reader.offset)
        }
        self.init(users: users, categoryOfItem: columns[0], brandOfItem: columns[1], priceBandOfItem: columns[2])
    }
}
