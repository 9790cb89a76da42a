/// The kinds of record that the item log carries.
public enum ItemLogRecord {
    /// What a stretch of events taught.
    static let events: UInt8 = 0
    /// An entry of the shop's catalogue.
    static let catalogue: UInt8 = 1
}
