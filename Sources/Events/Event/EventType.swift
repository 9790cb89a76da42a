/// What a shopper did. The raw values are stored in checkpoints and topics: they never change.
@frozen
public enum EventType: UInt8, CaseIterable, Sendable, Hashable {
    case view = 0
    case removeFromCart = 1
    case cart = 2
    case purchase = 3
    /// Erases the user; carries no item.
    case userDeleted = 4

    /// The stable number that is stored for the type.
    @inlinable
    public var code: UInt8 { rawValue }

    /// The canonical name, as it stands in an event's `event_type`.
    public var name: String {
        switch self {
        case .view: "view"
        case .removeFromCart: "remove_from_cart"
        case .cart: "cart"
        case .purchase: "purchase"
        case .userDeleted: "user_deleted"
        }
    }

    /// True for the types that say something about an item, and so have a rating.
    @inlinable
    public var touchesItem: Bool { self != .userDeleted }
}
