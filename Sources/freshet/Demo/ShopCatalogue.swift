/// One thing on the simulated shop's shelves.
struct Product {
    let id: String
    let name: String
    let brand: String
    /// Place in ``ProductLine/all``.
    let line: Int
    let price: Double
}

/// The simulated shop's products, and which of them shoppers like to look at one after another.
struct ShopCatalogue {
    let products: [Product]
    /// Products of each line, the most wanted first.
    let ofLine: [[Int]]
    /// For each product those that shoppers go on to, the likeliest first.
    let next: [[Int]]
    /// Lines, the most wanted first.
    let lines: [Int]

    static let productsOfLine = 50

    /// - Parameter productsOfLine: beyond 50 there are not names enough, and several products have the same.
    init(seed: UInt64, productsOfLine: Int = ShopCatalogue.productsOfLine) {
        var random = ShopRandom(seed: seed ^ 0xCA7A_1063)
        var products: [Product] = []
        var ofLine: [[Int]] = []
        for (number, line) in ProductLine.all.enumerated() {
            var places: [Int] = []
            var names: Set<String> = []
            while places.count < productsOfLine {
                let product = Self.product(products.count, number, line, &random)
                let isNew = names.insert(product.name).inserted
                guard isNew || productsOfLine > Self.productsOfLine else { continue }
                places.append(products.count)
                products.append(product)
            }
            ofLine.append(places.shuffled(using: &random))
        }
        self.products = products
        self.ofLine = ofLine
        lines = Array(ProductLine.all.indices).shuffled(using: &random)
        next = products.indices.map { Self.next(of: $0, products, ofLine, &random) }
    }

    private static func product(
        _ number: Int, _ place: Int, _ line: ProductLine, _ random: inout ShopRandom
    ) -> Product {
        let brand = random.pick(ProductLine.brands)
        let name = "\(brand) \(random.pick(line.traits)) \(random.pick(line.nouns))"
        let share = random.uniform()
        let price = line.prices.low + (line.prices.high - line.prices.low) * share * share
        return Product(
            id: number < 10_000 ? "P" + String(10_000 + number).dropFirst() : "P\(number)", name: name, brand: brand,
            line: place,
            price: price.rounded() - 0.01)
    }

    /// Nine of the same line, near in price or of the same brand, and three of lines that go with it.
    private static func next(
        of place: Int, _ products: [Product], _ ofLine: [[Int]], _ random: inout ShopRandom
    ) -> [Int] {
        let product = products[place]
        func distance(_ other: Int) -> Double {
            let ratio = products[other].price / product.price
            return abs(ratio > 1 ? ratio : 1 / ratio) - (products[other].brand == product.brand ? 1 : 0)
        }
        let near = ofLine[product.line].filter { $0 != place }.map { ($0, distance($0) + random.uniform() * 0.4) }
            .sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(9).map(\.0)
        var goesWith: [Int] = []
        for line in ProductLine.all[product.line].goesWith.prefix(3) {
            goesWith.append(ofLine[line][random.early(ofLine[line].count)])
        }
        var mixed = near
        for (index, other) in goesWith.enumerated() { mixed.insert(other, at: min(mixed.count, 1 + 2 * index)) }
        return mixed
    }
}
