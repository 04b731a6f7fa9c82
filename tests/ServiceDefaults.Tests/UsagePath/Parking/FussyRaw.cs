using System.Text;
using Billing.Contracts;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.ServiceDefaults.Tests.UsagePath.Parking;

/// <summary>Cannot take what is bad, until that is repaired.</summary>
internal sealed class FussyRaw : IRawHandler
{
    private readonly PathHost.TakeRaw _inner = new();

    public string Topic => Topics.RawUsage;

    public bool IsRepaired { get; set; }

    public async Task Apply(RawBatch batch, CancellationToken cancellation)
    {
        if (!IsRepaired && batch.Messages.Any(message => Encoding.UTF8.GetString(message.Body.Span) == "bad"))
            throw new FormatException("It is bad.");

        await _inner.Apply(batch, cancellation);
    }
}
