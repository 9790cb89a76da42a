import Events

extension StateCommand {
    /// A time of an item; one that only the catalogue knows has none.
    static func time(_ milliseconds: Int64?) -> String { milliseconds.map { DecisionText.time($0) } ?? "never" }
}
