using Billing.Contracts;
using Billing.ServiceDefaults;

namespace Billing.PathHost;

/// <summary>
/// A service that reads <see cref="Topics.Usage"/> and <see cref="Topics.RawUsage"/> and publishes on
/// <see cref="Topics.Ratings"/>: one effect and one fact for each fact, one effect for each raw message.
/// </summary>
public sealed class Program
{
    private Program()
    {
    }

    public static Task<int> Main(string[] args) =>
        ServiceHost.Create(args, Resources.Pricing, typeof(Program).Assembly).With(Path.Add).Run();
}
