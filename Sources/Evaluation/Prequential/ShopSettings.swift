public import Events
public import Models
public import Pipeline

/// Everything that lists depend on, as the service has it by default.
public struct ShopSettings: Sendable {
    public var items = ItemTable.Settings()
    public var users = UserFold.Settings()
    public var rules = RankingRules()
    public var blend = BlendSettings()
    public var scale = RatingScale.standard
    /// Of ratings when a list is ranked.
    public var decay = Decay(halfLifeMilliseconds: 30 * 86_400_000)
    /// Of ratings when a generation is trained.
    public var trainingDecay = Decay(halfLifeMilliseconds: 30 * 86_400_000)
    public var training = TrainingSettings()

    public init() {}
}
