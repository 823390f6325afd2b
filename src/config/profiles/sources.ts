/**
 * What the values of the profiles rest on: the names of the values, and the documents that are cited for them.
 * docs/profiles.md shows both.
 */

/** The values of a profile, as `vitald profiles` and docs/profiles.md name them. */
export type ValueName =
  | 'interval'
  | 'timeout'
  | 'healthy_threshold'
  | 'unhealthy_threshold'
  | 'pace'
  | 'check type by protocol'
  | 'HTTP request'
  | 'expected_status'
  | 'udp.ping_first'
  | 'initial_passes'
  | 'all_unhealthy'
  | 'weight 0'
  | 'timeout below the interval'
  | 'timeout above the interval, fixed_rate'
  | 'the cloud probes from';

/** For each value the documents, `[T1]`, and what they say if that needs words. */
export type Sources = Readonly<Record<ValueName, string>>;

export interface CitedDocument {
  readonly title: string;
  readonly url: string;
}

/** By the name under which {@link Sources} cite them. */
export const citedDocuments: Readonly<Record<string, CitedDocument>> = {
  T1: {
    title: 'Tencent Cloud CLB, "Health Check", in the edition with one page for layer 4 and layer 7',
    url: 'https://github.com/tencentyun/qcloud-documents',
  },
  T2: { title: 'Tencent Cloud CLB, "Health Check Overview"', url: 'https://www.tencentcloud.com/document/product/214/6097' },
  T3: {
    title: 'Tencent Cloud CLB, "Configuring Health Check" (in Chinese: product/214/50011)',
    url: 'https://www.tencentcloud.com/document/product/214/39251',
  },
  H1: {
    title: 'Huawei Cloud ELB, "How Do I Troubleshoot an Unhealthy Backend Server?", in the edition on enhanced and classic load balancers',
    url: 'https://support.huaweicloud.com/elb_faq/zh-cn_topic_0018127975.html',
  },
  H2: {
    title: 'Huawei Cloud ELB, "Health Check" (user guide)',
    url: 'https://support.huaweicloud.com/intl/en-us/usermanual-elb/elb_ug_hc_0001.html',
  },
  H3: {
    title: 'Huawei Cloud ELB, "Health Check" (user guide for shared load balancers)',
    url: 'https://support.huaweicloud.com/intl/en-us/usermanual-elb/elb_ug_shdg_0002_01.html',
  },
  H4: {
    title: 'Huawei Cloud ELB, "What Status Codes Will Be Returned If Backend Servers Are Identified as Healthy?"',
    url: 'https://support.huaweicloud.com/intl/en-us/elb_faq/elb_faq_210608.html',
  },
  H5: {
    title: 'Huawei Cloud ELB, "When Is a Backend Server Considered Healthy?"',
    url: 'https://support.huaweicloud.com/intl/en-us/elb_faq/elb_faq_0001.html',
  },
  H6: {
    title: 'Huawei Cloud ELB, API v3, "Configuring a Health Check" (dedicated load balancers)',
    url: 'https://support.huaweicloud.com/intl/en-us/api-elb/CreateHealthMonitor.html',
  },
  H7: {
    title: 'Huawei Cloud ELB, API v2, health monitors (shared load balancers)',
    url: 'https://support.huaweicloud.com/api-elb/elb_qy_jk_0003.html',
  },
  H8: {
    title: 'Huawei Cloud ELB, "Adding an HTTPS Listener" (elb_ug_jt_0009)',
    url: 'https://github.com/huaweicloudDocs/elb',
  },
  H9: {
    title: 'Huawei Cloud ELB, "Configuring a Health Check" (user guide; the values of the console)',
    url: 'https://support.huaweicloud.com/intl/en-us/usermanual-elb/elb_ug_hc_0005.html',
  },
  H10: {
    title: 'Huawei-built clouds, ELB API v1.0 (classic load balancers), as the Terraform provider of Open Telekom Cloud documents it',
    url: 'https://github.com/opentelekomcloud/terraform-provider-opentelekomcloud',
  },
  A1: {
    title: 'Alibaba Cloud SLB, "ECS instance exception troubleshooting"',
    url: 'https://github.com/AlibabaCloudDocs/slb',
  },
  A2: {
    title: 'Alibaba Cloud CLB, "CLB health checks"',
    url: 'https://www.alibabacloud.com/help/en/slb/classic-load-balancer/user-guide/health-check-overview/',
  },
  A3: {
    title: 'Alibaba Cloud CLB, "Configure and manage CLB health checks"',
    url: 'https://www.alibabacloud.com/help/en/slb/classic-load-balancer/user-guide/configure-and-manage-health-checks',
  },
  A4: { title: 'Alibaba Cloud CLB, health check FAQ', url: 'https://www.alibabacloud.com/help/doc-detail/55205.htm' },
  A5: {
    title: 'Alibaba Cloud CLB, API, CreateLoadBalancerHTTPListener',
    url: 'https://www.alibabacloud.com/help/en/slb/classic-load-balancer/developer-reference/api-slb-2014-05-15-createloadbalancerhttplistener',
  },
};
