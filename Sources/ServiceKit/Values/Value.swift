/// A value that has been read by its ``ValueType``.
public enum Value: Sendable, Equatable {
    case string(String)
    case int(Int)
    case double(Double)
    case bool(Bool)
    case duration(Duration)
    case bytes(Int)
    case list([String])
}
