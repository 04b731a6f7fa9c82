namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>Tells the registered watches.</summary>
internal sealed class PathWatch(IEnumerable<IStepWatch> watches)
{
    private readonly IStepWatch[] _watches = [.. watches];

    public bool IsWatched => _watches.Length > 0;

    public void Reached(Step step, string topic)
    {
        foreach (var watch in _watches) watch.Reached(step, topic);
    }
}
