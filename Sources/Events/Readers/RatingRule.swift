/// What a star rating (MovieLens) means as an event. By default four stars and more are a purchase and the rest are
/// views: who rates a film has at least seen it, but three stars or fewer are no sign of wanting more of the kind, so they
/// must not weigh nearly as much as a purchase, which `cart` would.
public struct RatingRule: Sendable, Hashable {
    /// Ratings from here on are purchases.
    public var purchaseFrom: Double
    /// Lower ones from here on are carts. Not below `purchaseFrom` by default, so there are none.
    public var cartFrom: Double
    /// Still lower ones from here on are views; ratings below it are left out.
    public var viewFrom: Double

    public static let standard = RatingRule()
    /// Only ratings of four and more, as evaluations on MovieLens count them.
    public static let positives = RatingRule(purchaseFrom: 4, cartFrom: 4, viewFrom: 4)

    public init(purchaseFrom: Double = 4, cartFrom: Double = 4, viewFrom: Double = 0) {
        self.purchaseFrom = purchaseFrom
        self.cartFrom = cartFrom
        self.viewFrom = viewFrom
    }

    /// Nil when the rating is left out.
    public func type(of rating: Double) -> EventType? {
        if rating >= purchaseFrom { return .purchase }
        if rating >= cartFrom { return .cart }
        return rating >= viewFrom ? .view : nil
    }
}
