/// Everything that a (user, item) pair's rating depends on, in 24 bytes.
///
/// The rating at time t is max over the pair's events of r_e · 2^(-(t - t_e) / half-life), where a remove_from_cart takes
/// the place of the cart event that it undoes. A pair has one place in the cart: a remove undoes what stands there, which is
/// the latest cart not later than it, and with it the earlier ones, whose place that cart had taken. A remove before which
/// there is no cart is an event of its own rating like any other.
///
/// All events of a pair decay alike, so of each type only the latest can be the strongest, whatever the scale; and the
/// latest cart stands exactly if it is later than the latest remove. So four times are the whole state. Each is a maximum:
/// events may come in any order, and more than once.
///
/// The four times are 48 bits each (until the year 9999 and beyond), one more than the milliseconds, 0 for none: three in
/// the low bits of a word each, the fourth, of remove_from_cart, in their high 16 bits.
@frozen
public struct PairRating: Sendable, Hashable {
    @usableFromInline var viewWord: UInt64
    @usableFromInline var cartWord: UInt64
    @usableFromInline var purchaseWord: UInt64

    /// Computed, so that other modules see a constant and not a call.
    @inlinable static var timeMask: UInt64 { 0xFFFF_FFFF_FFFF }

    /// A pair without events.
    @inlinable
    public init() {
        viewWord = 0
        cartWord = 0
        purchaseWord = 0
    }

    /// The latest time of a type in ms since 1970, or nil. A cart that was undone still has its time here.
    @inlinable
    public func latest(_ type: EventType) -> Int64? {
        let stored = stored(type)
        return stored == 0 ? nil : Int64(stored) - 1
    }

    /// The time of the latest event of any type, or nil without events.
    @inlinable
    public var lastTouch: Int64? {
        let last = max(max(stored(.view), stored(.cart)), max(stored(.purchase), stored(.removeFromCart)))
        return last == 0 ? nil : Int64(last) - 1
    }

    /// Whether the item stands in the cart: its latest cart event is later than its latest remove.
    @inlinable
    public var isInCart: Bool { stored(.cart) > stored(.removeFromCart) }

    /// Adds an event at its own time, whenever it arrives. `userDeleted` is no event of a pair and changes nothing.
    /// - Parameter time: ms since 1970; before 1970 counts as 1970.
    @inlinable
    public mutating func apply(type: EventType, time: Int64) {
        let stamp = UInt64(min(max(time, 0), Int64(Self.timeMask) - 1)) + 1
        switch type {
        case .view: Self.raise(&viewWord, stamp)
        case .cart: Self.raise(&cartWord, stamp)
        case .purchase: Self.raise(&purchaseWord, stamp)
        case .removeFromCart: if stamp > stored(.removeFromCart) { setRemove(stamp) }
        case .userDeleted: break
        }
    }

    /// The rating at `time`; 0 without events. An event later than `time` counts as one of age 0.
    @inlinable
    public func rating(at time: Int64, scale: RatingScale, decay: Decay) -> Double {
        var best = contribution(.purchase, time, scale, decay)
        // A factor is at most 1, so a type worth no more than what was found need not be looked at.
        if isInCart, scale.cart > best { best = max(best, contribution(.cart, time, scale, decay)) }
        if scale.removeFromCart > best { best = max(best, contribution(.removeFromCart, time, scale, decay)) }
        if scale.view > best { best = max(best, contribution(.view, time, scale, decay)) }
        return best
    }

    @inlinable
    func contribution(_ type: EventType, _ time: Int64, _ scale: RatingScale, _ decay: Decay) -> Double {
        let stored = stored(type)
        return stored == 0 ? 0 : scale[type] * decay.factor(age: time - (Int64(stored) - 1))
    }

    /// The time plus one, 0 for none.
    @inlinable
    func stored(_ type: EventType) -> UInt64 {
        switch type {
        case .view: viewWord & Self.timeMask
        case .cart: cartWord & Self.timeMask
        case .purchase: purchaseWord & Self.timeMask
        case .removeFromCart: viewWord >> 48 | (cartWord >> 48) << 16 | (purchaseWord >> 48) << 32
        case .userDeleted: 0
        }
    }

    @inlinable
    static func raise(_ word: inout UInt64, _ stamp: UInt64) {
        if stamp > word & timeMask { word = word & ~timeMask | stamp }
    }

    @inlinable
    mutating func setRemove(_ stamp: UInt64) {
        viewWord = viewWord & Self.timeMask | stamp << 48
        cartWord = cartWord & Self.timeMask | (stamp >> 16) << 48
        purchaseWord = purchaseWord & Self.timeMask | (stamp >> 32) << 48
    }
}
