import Events

/// A simulated shop: shoppers with tastes come, look around, fill carts, buy, and come back.
///
/// A shopper has favourite categories and a price level, and comes with something in mind. The next product is one that
/// goes with the last, one of the category, or something else altogether; what the recommender says plays no part, so
/// that it can be judged by what they do. All is drawn from one seed, and nothing depends on a clock.
final class Shop {
    struct Settings {
        var seed: UInt64 = 7
        var shoppers = 4_000
        /// Event time that goes before the part that is played live, in ms.
        var history: Int64 = 3 * 86_400_000
        /// Sessions a second of event time: long ago, and from shortly before the live part on.
        var pastRate = 0.01
        var liveRate = 4.0
        /// The live part's beginning, ms since 1970.
        var liveFrom: Int64
        /// How long before it the shop fills, in ms of event time.
        var filling: Int64 = 420_000
    }

    struct Shopper {
        var favourites: [Int]
        /// 0 looks for what is cheap, 1 for what is dear.
        var priceLevel: Double
        var isInside = false
        var visits = 0
    }

    /// A visit that is under way.
    struct Visit {
        var shopper: Int
        var number: Int
        var line: Int
        var product: Int?
        var looked: [Int] = []
        var cart: [Int] = []
        var left: Int
        /// What comes next, when it is not a look at a product.
        var next = Step.look
    }

    enum Step { case look, cart, leave }

    /// What is to happen when.
    private struct Moment: Comparable {
        var time: Int64
        var order: Int
        /// nil: somebody comes in.
        var visit: Int?

        static func < (a: Moment, b: Moment) -> Bool { (a.time, a.order) < (b.time, b.order) }
    }

    let settings: Settings
    let catalogue: ShopCatalogue
    private var random: ShopRandom
    private(set) var shoppers: [Shopper] = []
    private var visits: [Int: Visit] = [:]
    private var moments = MomentQueue<Moment>()
    private var order = 0
    private var visitCount = 0
    private var waiting: [ShopAction] = []
    /// What a session lasts, as a number of looks.
    static let looksMean = 6.5

    init(_ settings: Settings, _ catalogue: ShopCatalogue) {
        self.settings = settings
        self.catalogue = catalogue
        random = ShopRandom(seed: settings.seed)
        for _ in 0..<settings.shoppers {
            let favourites = (0..<3).map { _ in catalogue.lines[random.early(catalogue.lines.count)] }
            shoppers.append(Shopper(favourites: favourites, priceLevel: random.uniform()))
        }
        schedule(settings.liveFrom - settings.history, nil)
    }

    /// Before this time nothing more will be told.
    var now: Int64 { min(waiting.first?.time ?? .max, moments.first?.time ?? .max) }

    /// The next thing that a shopper does, in the order of time; it never ends.
    func next() -> ShopAction {
        while waiting.isEmpty {
            let moment = moments.removeFirst()
            if let visit = moment.visit { advance(visit, moment.time) } else { enter(moment.time) }
        }
        return waiting.removeFirst()
    }

    private func schedule(_ time: Int64, _ visit: Int?) {
        order += 1
        moments.insert(Moment(time: time, order: order, visit: visit))
    }

    private func enter(_ time: Int64) {
        let filledFrom = settings.liveFrom - settings.filling
        let rate = time < filledFrom ? settings.pastRate : settings.liveRate
        // Not exponential, since the C library's logarithm differs between machines.
        let gap = 2 * random.uniform() / rate
        let coming = time + max(1, Int64(gap * 1000))
        schedule(time < filledFrom ? min(coming, filledFrom) : coming, nil)
        // Some come often.
        var shopper = random.early(shoppers.count) * 7_919 % shoppers.count
        if shoppers[shopper].isInside { shopper = random.below(shoppers.count) }
        guard !shoppers[shopper].isInside else { return }
        shoppers[shopper].isInside = true
        shoppers[shopper].visits += 1
        visitCount += 1
        let line =
            random.chance(0.8)
            ? random.pick(shoppers[shopper].favourites) : catalogue.lines[random.early(catalogue.lines.count)]
        visits[visitCount] = Visit(
            shopper: shopper, number: visitCount, line: line, left: random.steps(mean: Self.looksMean))
        schedule(time + 1, visitCount)
    }

    private func advance(_ number: Int, _ time: Int64) {
        guard var visit = visits[number] else { return }
        switch visit.next {
        case .look: look(&visit, time)
        case .cart:
            if let product = visit.product { act(.cart, visit, product, time) }
            visit.next = visit.left > 0 ? .look : .leave
        case .leave:
            leave(visit, time)
            return
        }
        visits[number] = visit
        // 12 to 70 seconds, mostly nearer to 20.
        let u = random.uniform()
        schedule(time + Int64(12_000 + 58_000 * u * u * u), number)
    }

    private func look(_ visit: inout Visit, _ time: Int64) {
        let product = choose(visit)
        visit.left -= 1
        visit.product = product
        visit.looked.append(product)
        act(.view, visit, product, time)
        visit.next = visit.left > 0 ? .look : .leave
        if !visit.cart.contains(product), random.chance(0.13) {
            visit.next = .cart
            visit.cart.append(product)
        }
    }

    /// What a shopper looks at next.
    private func choose(_ visit: Visit) -> Int {
        guard let last = visit.product else { return fitting(visit, visit.line) }
        let u = random.uniform()
        if u < 0.40 { return pick(catalogue.next[last]) }
        if u < 0.49 { return random.pick(visit.looked) }
        if u < 0.79 { return fitting(visit, visit.line) }
        if u < 0.92 { return fitting(visit, random.pick(shoppers[visit.shopper].favourites)) }
        return fitting(visit, catalogue.lines[random.early(catalogue.lines.count)])
    }

    private func pick(_ places: [Int]) -> Int { places[random.early(places.count)] }

    /// Something wanted of a category, nearer to the shopper's price level than chance has it.
    private func fitting(_ visit: Visit, _ line: Int) -> Int {
        let first = pick(catalogue.ofLine[line])
        let second = pick(catalogue.ofLine[line])
        let prices = ProductLine.all[line].prices
        let wanted = prices.low + (prices.high - prices.low) * shoppers[visit.shopper].priceLevel
        let products = catalogue.products
        return abs(products[first].price - wanted) <= abs(products[second].price - wanted) ? first : second
    }

    private func leave(_ visit: Visit, _ time: Int64) {
        visits[visit.number] = nil
        shoppers[visit.shopper].isInside = false
        for (index, product) in visit.cart.enumerated() {
            let when = time + Int64(index)
            if random.chance(0.15) {
                act(.removeFromCart, visit, product, when)
            } else if random.chance(0.6) {
                act(.purchase, visit, product, when)
            }
        }
    }

    private func act(_ type: EventType, _ visit: Visit, _ product: Int, _ time: Int64) {
        waiting.append(
            ShopAction(
                shopper: visit.shopper, visit: visit.number, product: product, type: type, time: time,
                looksLeft: visit.left))
    }
}

/// One thing that a simulated shopper does.
struct ShopAction: Equatable {
    var shopper: Int
    var visit: Int
    /// Place in the catalogue.
    var product: Int
    var type: EventType
    /// ms since 1970.
    var time: Int64
    /// How much of the visit is to come.
    var looksLeft: Int
}
