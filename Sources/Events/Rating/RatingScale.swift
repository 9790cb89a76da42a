/// What each type of event is worth as an implicit rating: view 1, remove_from_cart 2, cart 3, purchase 4, unless the
/// configuration says otherwise.
@frozen
public struct RatingScale: Sendable, Hashable {
    public var view: Double
    public var removeFromCart: Double
    public var cart: Double
    public var purchase: Double

    public static let standard = RatingScale()

    /// All values finite and not negative.
    public init(view: Double = 1, removeFromCart: Double = 2, cart: Double = 3, purchase: Double = 4) {
        for value in [view, removeFromCart, cart, purchase] {
            precondition(value >= 0 && value.isFinite, "a rating is finite and not negative")
        }
        self.view = view
        self.removeFromCart = removeFromCart
        self.cart = cart
        self.purchase = purchase
    }

    /// The rating of one event; 0 for `userDeleted`.
    @inlinable
    public subscript(type: EventType) -> Double {
        switch type {
        case .view: view
        case .removeFromCart: removeFromCart
        case .cart: cart
        case .purchase: purchase
        case .userDeleted: 0
        }
    }
}
