/// A setting of an algorithm as `--set name=value` and a search see it.
public struct Parameter<Target>: Sendable {
    public let name: String
    /// What it means, for help and listings: some words without a full stop.
    public let doc: String
    public let domain: ParameterDomain
    /// Whether a search tries values of it unless it is told which: not of a limit, which makes no model better.
    public private(set) var isSearched = true
    /// What a search tries unless it is told otherwise: all that may be set, or, where that is far more than anybody would
    /// wait for, the part in which good values lie.
    public private(set) var searchDomain: ParameterDomain
    /// The present value, as `set` takes it.
    public let get: @Sendable (Target) -> Double
    /// Takes a value of the domain; a choice by its place.
    public let set: @Sendable (inout Target, Double) -> Void

    private init(
        name: String, doc: String, domain: ParameterDomain, get: @escaping @Sendable (Target) -> Double,
        set: @escaping @Sendable (inout Target, Double) -> Void
    ) {
        (self.name, self.doc, self.domain, self.get, self.set) = (name, doc, domain, get, set)
        searchDomain = domain
    }

    /// The same, searched within less than may be set.
    public func searched(from low: Double, to high: Double) -> Self {
        var parameter = self
        switch domain {
        case .integer(let whole, let isLogarithmic):
            precondition(whole.contains(Int(low)) && whole.contains(Int(high)), "\(name) takes what is searched")
            parameter.searchDomain = .integer(Int(low)...Int(high), isLogarithmic: isLogarithmic)
        case .real(let whole, let isLogarithmic):
            precondition(whole.contains(low) && whole.contains(high), "\(name) takes what is searched")
            parameter.searchDomain = .real(low...high, isLogarithmic: isLogarithmic)
        case .choice: preconditionFailure("the choices of \(name) have no order")
        }
        return parameter
    }

    /// A whole number.
    public static func integer(
        _ name: String, _ range: ClosedRange<Int>, _ path: any WritableKeyPath<Target, Int> & Sendable,
        isLogarithmic: Bool = false, _ doc: String
    ) -> Self {
        Self(
            name: name, doc: doc, domain: .integer(range, isLogarithmic: isLogarithmic),
            get: { Double($0[keyPath: path]) }, set: { $0[keyPath: path] = Int($1.rounded()) })
    }

    /// A whole number beyond which data are refused.
    public static func limit(
        _ name: String, _ range: ClosedRange<Int>, _ path: any WritableKeyPath<Target, Int> & Sendable, _ doc: String
    ) -> Self {
        var parameter = integer(name, range, path, isLogarithmic: true, doc)
        parameter.isSearched = false
        return parameter
    }

    /// A real number.
    public static func real(
        _ name: String, _ range: ClosedRange<Double>, _ path: any WritableKeyPath<Target, Float> & Sendable,
        isLogarithmic: Bool = false, _ doc: String
    ) -> Self {
        Self(
            name: name, doc: doc, domain: .real(range, isLogarithmic: isLogarithmic),
            get: { Double($0[keyPath: path]) }, set: { $0[keyPath: path] = Float($1) })
    }

    /// A real number.
    static func real(
        _ name: String, _ range: ClosedRange<Double>, _ path: any WritableKeyPath<Target, Double> & Sendable,
        _ doc: String
    ) -> Self {
        Self(
            name: name, doc: doc, domain: .real(range, isLogarithmic: false), get: { $0[keyPath: path] },
            set: { $0[keyPath: path] = $1 })
    }

    /// One of several names.
    public static func choice<Value: Equatable & Sendable>(
        _ name: String, _ choices: [(name: String, value: Value)],
        _ path: any WritableKeyPath<Target, Value> & Sendable,
        _ doc: String
    ) -> Self {
        Self(
            name: name, doc: doc, domain: .choice(choices.map(\.name)),
            get: { target in Double(choices.firstIndex { $0.value == target[keyPath: path] } ?? -1) },
            set: { $0[keyPath: path] = choices[Int($1)].value })
    }
}

/// The values that a parameter can take, and how a search spreads over them.
public enum ParameterDomain: Sendable, Equatable {
    case integer(ClosedRange<Int>, isLogarithmic: Bool)
    case real(ClosedRange<Double>, isLogarithmic: Bool)
    case choice([String])

    /// The value that a text names, or nil where it is not of the domain.
    public func value(_ text: String) -> Double? {
        switch self {
        case .integer(let range, _): Int(text).flatMap { range.contains($0) ? Double($0) : nil }
        case .real(let range, _): Double(text).flatMap { range.contains($0) ? $0 : nil }
        case .choice(let names): names.firstIndex(of: text).map(Double.init)
        }
    }

    /// A value as text that `value` reads again.
    public func text(_ value: Double) -> String {
        switch self {
        case .integer: "\(Int(value))"
        case .real: "\(Float(value))"
        case .choice(let names): names.indices.contains(Int(value)) ? names[Int(value)] : "?"
        }
    }
}

extension ParameterDomain: CustomStringConvertible {
    public var description: String {
        switch self {
        case .integer(let range, _): "\(range.lowerBound) to \(range.upperBound)"
        case .real(let range, _): "\(range.lowerBound) to \(range.upperBound)"
        case .choice(let names): names.joined(separator: " or ")
        }
    }
}

/// What is wrong with a setting, and what it takes.
public struct SettingFailure: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

extension Recommender {
    /// What `set` takes.
    public static var settingNames: [String] { parameters.map(\.name) + ["seed", "threads"] }

    /// Sets a parameter by its name; `seed` and `threads` too.
    public mutating func set(_ name: String, to text: String) throws(SettingFailure) {
        switch name {
        case "seed":
            guard let value = UInt64(text) else {
                throw SettingFailure("'\(text)' is no seed: it takes a whole number from 0 to \(UInt64.max)")
            }
            seed = value
        case "threads":
            guard let value = Int(text), 1...256 ~= value else {
                throw SettingFailure("'\(text)' is no number of threads: it takes a whole number from 1 to 256")
            }
            threads = value
        default:
            guard let parameter = Self.parameters.first(where: { $0.name == name }) else {
                throw SettingFailure(
                    "\(Self.name) has no setting '\(name)'; there are \(Self.settingNames.joined(separator: ", "))")
            }
            guard let value = parameter.domain.value(text) else {
                var kind = ""
                if case .integer = parameter.domain { kind = "a whole number from " }
                throw SettingFailure(
                    "'\(text)' is no value of \(Self.name)'s \(name): it takes \(kind)\(parameter.domain)")
            }
            parameter.set(&self, value)
        }
    }
}
