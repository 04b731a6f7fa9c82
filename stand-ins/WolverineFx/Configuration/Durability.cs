namespace Wolverine;

public enum DurabilityMode
{
    /// <summary>This is the only process: what others left behind is taken over at the start.</summary>
    Solo = 0,

    /// <summary>Several processes share the storage.</summary>
    Balanced = 1,
}

public class DurabilitySettings
{
    public DurabilityMode Mode { get; set; } = DurabilityMode.Balanced;

    /// <summary>Switches off what looks after stored messages; this process then only stores them.</summary>
    public bool DurabilityAgentEnabled { get; set; } = true;

    /// <summary>Of the tables. A name without quotes.</summary>
    public string? MessageStorageSchemaName { get; set; }

    public TimeSpan ScheduledJobFirstExecution { get; set; } = TimeSpan.Zero;

    /// <summary>How often due messages are looked for.</summary>
    public TimeSpan ScheduledJobPollingTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often messages without an owner, and dead letters to replay, are looked for.</summary>
    public TimeSpan NodeReassignmentPollingTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often this process says that it lives.</summary>
    public TimeSpan HealthCheckPollingTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A process that was silent for so long is dead, and its messages are anybody's.</summary>
    public TimeSpan StaleNodeTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>So long a handled message is remembered.</summary>
    public TimeSpan KeepAfterMessageHandling { get; set; } = TimeSpan.FromMinutes(5);

    public TimeSpan HandledMessageCleanupPollingTime { get; set; } = TimeSpan.FromMinutes(1);
    public int HandledMessageCleanupBatchSize { get; set; } = 1000;

    /// <summary>At most so many stored messages are taken at a time.</summary>
    public int RecoveryBatchSize { get; set; } = 100;

    /// <summary>At most so long a stopping process waits for what it is handling.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Beyond so many in memory, durable messages wait in storage only.</summary>
    internal int Room { get; set; } = 5000;

    /// <summary>
    /// Longer than any transaction may be idle: what was written in one and never released is then looked
    /// for.
    /// </summary>
    internal TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The number of this process among those that share the storage; 0 before it has one.</summary>
    public int AssignedNodeNumber { get; internal set; }
}
