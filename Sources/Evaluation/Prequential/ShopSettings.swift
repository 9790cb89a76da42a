public import Events
public import Models
public import Pipeline

/// Everything that lists depend on, as the service has it by default.
public struct ShopSettings: Sendable {
    public var items = ItemTable.Settings()
    /// The window is taken from `items`, as a deployment has one setting for both.
    public var users = UserFold.Settings()
    /// The history's bound is taken from `users`.
    public var rules = RankingRules()
    /// How learners are weighed where no generation serves.
    public var blend = BlendSettings()
    /// What events are worth.
    public var scale = RatingScale.standard
    /// Of ratings when a list is ranked.
    public var decay = Decay(halfLifeMilliseconds: 30 * 86_400_000)
    /// Of ratings when a generation is trained.
    public var trainingDecay = Decay(halfLifeMilliseconds: 30 * 86_400_000)
    /// Items and rules are taken from those above.
    public var training = TrainingSettings()

    public init() {}
}
