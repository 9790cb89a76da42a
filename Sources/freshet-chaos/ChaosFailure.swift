/// Why a run cannot be made, or its verdict not be reached.
struct ChaosFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
