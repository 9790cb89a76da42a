/// Where a setting's value came from: named in errors, so that a person knows which place to mend.
public enum Origin: Sendable, Equatable, CustomStringConvertible {
    case `default`
    case file(path: String, line: Int, column: Int)
    case environment(name: String)
    case flag(String)

    public var description: String {
        switch self {
        case .default: "default"
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .environment(let name): name
        case .flag(let flag): flag
        }
    }
}
