using Billing.Contracts;
using Billing.Ledger;
using Billing.Ledger.Storage;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.UsagePath;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.LedgerHost;

/// <summary>The Ledger's own composition; told by <see cref="Death.Variable"/> where to die.</summary>
public sealed class Program
{
    private Program()
    {
    }

    public static Task<int> Main(string[] args) =>
        ServiceHost.Create(args, Resources.Ledger, typeof(LedgerPath).Assembly)
            .With(LedgerStore.Add)
            .With(LedgerPath.Add)
            .With(LedgerRequests.Add)
            .With(builder =>
            {
                if (Death.FromEnvironment() is not { } death) return;

                builder.Services.AddSingleton<IStepWatch>(death);
                builder.Services.ConfigureMarten(options =>
                {
                    options.Listeners.Add(death);
                    options.Projections.AsyncListeners.Add(new Death.OfPages(death));
                });
            })
            .Map(LedgerRequests.Map)
            .Run();
}
